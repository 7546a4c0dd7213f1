"""A journal that remembers nothing, for a function without a table: `sam local`, or a stack older than the journal."""

from typing import override

from user_pool_client.domain.journal import Begin, Begun, Change, End, RotationNote
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
    def note(self, begin: Begin, end: End) -> None:
        """Keep nothing."""

    @override
    def owner(self, pool_id: str, client_id: str) -> None:
        """Know of no client whose it is."""

    @override
    def rotation_note(self, pool_id: str, client_id: str) -> RotationNote:
        """Know of no secret that holds the client's."""
        return RotationNote()

    @override
    def note_rotation(self, pool_id: str, client_id: str, note: RotationNote) -> None:
        """Keep nothing."""
