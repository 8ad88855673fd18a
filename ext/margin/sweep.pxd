"""The sweep: what each TICK does to have positions count at the prices of now. docs/risk.md, "Marks"."""

from ext.layout cimport Market

cdef void sweep(Market* m) noexcept nogil
# The day has ended: what instruments are marked by that go by that.
cdef void note_close(Market* m) noexcept nogil
