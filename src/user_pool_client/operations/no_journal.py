"""A journal that remembers nothing, for a function without a table: `sam local`, or a stack older than the journal."""

from typing import override

from user_pool_client.domain.journal import Begin, Begun, Change, End
from user_pool_client.operations.ports import Journal, RotationNotes


class NoJournal(Journal, RotationNotes):
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
    def owner(self, pool_id: str, client_id: str) -> None:
        """Know of no client whose it is."""

    @override
    def rotated_by(self, pool_id: str, client_id: str) -> str:
        """Know of no secret that holds the client's."""
        return ""

    @override
    def note_rotation(self, pool_id: str, client_id: str, secret_arn: str) -> None:
        """Keep nothing."""
