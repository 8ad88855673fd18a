from ext.itch.differences import Differences

class Fills:
    next_id: int
    done_id: int
    matched: int
    matched_shares: int
    rejects: int
    def __init__(self, differences: Differences, first_client_id: int = 1) -> None: ...
    def settled(self) -> None: ...
