"""A journal that remembers nothing, for a function without a table: `sam local`, or a stack older than the journal."""

from typing import override

from user_pool_client.domain.contributions import NOTHING, Contributions
from user_pool_client.domain.journal import Begin, Begun, Change, End, Held, Hold, RotationNote
from user_pool_client.operations.ports import Journal


class NoJournal(Journal):
    """Let every request begin, with nothing before it."""

    @override
    def read(self, resource: str) -> None:
        """Know nothing of any resource."""

    @override
    def begin(self, begin: Begin) -> Begun:
        """Let the request go on."""
        return Begun(None)

    @override
    def revise(self, resource: str, holder: str, change: Change) -> None:
        """Keep nothing."""

    @override
    def end(self, end: End) -> None:
        """Keep nothing."""

    @override
    def note(self, begin: Begin, end: End) -> bool:
        """Keep nothing."""
        return True

    @override
    def owner(self, pool_id: str, client_id: str) -> None:
        """Know of no client whose it is."""

    @override
    def contributions(self, pool_id: str, client_id: str) -> Contributions:
        """Know of nothing that is contributed."""
        return NOTHING

    @override
    def hold(self, hold: Hold) -> Held:
        """Let the request go on."""
        return Held(NOTHING)

    @override
    def note_contributions(self, hold: Hold, contributions: Contributions) -> None:
        """Keep nothing."""

    @override
    def let_go(self, hold: Hold, contributions: Contributions, now: float) -> None:
        """Keep nothing."""

    @override
    def visit(self, resource: str, hold: Hold) -> bool:
        """Let the request go on."""
        return True

    @override
    def leave(self, resource: str, hold: Hold, now: float) -> None:
        """Keep nothing."""

    @override
    def rotation_note(self, pool_id: str, client_id: str) -> RotationNote:
        """Know of no secret that holds the client's."""
        return RotationNote()

    @override
    def note_rotation(self, pool_id: str, client_id: str, note: RotationNote) -> None:
        """Keep nothing."""
