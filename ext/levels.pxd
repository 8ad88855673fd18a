"""Price levels: pages of 64 levels, found through a window of page indices that follows the market.

A window holds window_pages pages around the market (1,024 pages: 65,536 ticks) with a bitmap of two layers over it, so
the next level with orders is found with three bit scans. Pages outside of it are in a sorted array (`far`). Moving the
window moves page indices, never levels. Pages come from one pool and go back to it when their last level empties.

A price's key on a side is its index on the sell side and ~index on the buy side: the better price has the lower key.

One bitmap serves both sides: the book is never crossed, so below the best bid all levels are bids, above the best offer
all offers.
"""

from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.stdlib cimport abort, realloc
from libc.string cimport memmove

from ext.bits cimport highest, likely, lowest, mulhi, unlikely
from ext.layout cimport FarPage, Instrument, Level, Market, Page
from ext.wire cimport SIDE_BUY

cdef enum:
    FAR_PATIENCE = 1024  # look-ups outside of the window before it moves there


cdef inline int64_t index_of(const Instrument* i, int64_t price) noexcept nogil:
    """price / tick_size without a division (price < 2**43, tick_size <= 2**20: the product's error stays below 1)."""
    return <int64_t> mulhi(<uint64_t> price << 1, i.tick_magic)


cdef inline int64_t key_of(uint32_t side, int64_t index) noexcept nogil:
    """The key of an index, and the index of a key."""
    return index ^ (<int64_t> side - 1)


cdef inline int64_t best_index(const Instrument* i, uint32_t side) noexcept nogil:
    """The index of a side's best price, or -1."""
    return key_of(side, i.best[side]) if i.best_level[side] else -1


cdef inline uint64_t magic_of(int64_t tick_size) noexcept nogil:
    """The factor for index_of: ceil(2**63 / tick_size)."""
    return (<uint64_t> 0x7FFFFFFFFFFFFFFF) / <uint64_t> tick_size + 1


cdef inline uint32_t far_place(const Instrument* i, int64_t number) noexcept nogil:
    """Index of the first far page whose number is not below this one."""
    cdef uint32_t low = 0
    cdef uint32_t high = i.far_count
    cdef uint32_t middle
    while low < high:
        middle = (low + high) >> 1
        if i.far[middle].number < number:
            low = middle + 1
        else:
            high = middle
    return low


cdef inline uint32_t page_at(const Market* m, const Instrument* i, uint32_t instrument, int64_t number) noexcept nogil:
    """The page of that number, or 0."""
    cdef uint64_t place = <uint64_t> (number - i.base)
    cdef uint32_t k
    if likely(place < m.window_pages):
        return m.windows[<size_t> instrument * m.window_pages + place]
    k = far_place(i, number)
    if k < i.far_count and i.far[k].number == number:
        return i.far[k].page
    return 0


cdef inline void list_page(Market* m, Instrument* i, uint32_t instrument, uint32_t page, int64_t number) noexcept nogil:
    """Make a page findable: in the window, or else in the far array."""
    cdef uint64_t place = <uint64_t> (number - i.base)
    cdef size_t word
    cdef uint32_t k
    if likely(place < m.window_pages):
        word = <size_t> instrument * m.window_words + (place >> 6)
        m.windows[<size_t> instrument * m.window_pages + place] = page
        m.window_bits[word] |= (<uint64_t> 1) << (place & 63)
        m.window_summary[instrument] |= (<uint64_t> 1) << (place >> 6)
        return
    if i.far_count == i.far_room:
        i.far_room = i.far_room * 2 if i.far_room else 8
        i.far = <FarPage*> realloc(i.far, i.far_room * sizeof(FarPage))
        if i.far == NULL:
            abort()
    k = far_place(i, number)
    memmove(&i.far[k + 1], &i.far[k], (i.far_count - k) * sizeof(FarPage))
    i.far[k].number = number
    i.far[k].page = page
    i.far_count += 1


cdef inline void unlist_page(Market* m, Instrument* i, uint32_t instrument, int64_t number) noexcept nogil:
    cdef uint64_t place = <uint64_t> (number - i.base)
    cdef size_t word
    cdef uint32_t k
    if likely(place < m.window_pages):
        word = <size_t> instrument * m.window_words + (place >> 6)
        m.windows[<size_t> instrument * m.window_pages + place] = 0
        m.window_bits[word] &= ~((<uint64_t> 1) << (place & 63))
        if m.window_bits[word] == 0:
            m.window_summary[instrument] &= ~((<uint64_t> 1) << (place >> 6))
        return
    k = far_place(i, number)
    i.far_count -= 1
    memmove(&i.far[k], &i.far[k + 1], (i.far_count - k) * sizeof(FarPage))


cdef inline int64_t window_base(const Market* m, int64_t number) noexcept nogil:
    """First page number of a window with that page in its middle."""
    cdef int64_t base = number - m.window_pages // 2
    return base if base > 0 else 0


cdef inline void move_window(Market* m, Instrument* i, uint32_t instrument, int64_t number) noexcept nogil:
    """Put that page into the middle of the window. Costs a pass over the instrument's pages.

    The far array is made long enough for all of them first; then all go there, and those inside of the new window come
    back.
    """
    cdef uint32_t k, page
    cdef uint32_t moved = 0
    cdef size_t first = <size_t> instrument * m.window_pages
    cdef int64_t base = i.base
    cdef uint32_t kept
    if i.far_room < i.page_count:
        i.far_room = i.page_count
        i.far = <FarPage*> realloc(i.far, i.far_room * sizeof(FarPage))
        if i.far == NULL:
            abort()
    # the window's pages lie between the far ones below and above it
    k = far_place(i, base)
    for kept in range(m.window_pages):
        if m.windows[first + kept]:
            moved += 1
    memmove(&i.far[k + moved], &i.far[k], (i.far_count - k) * sizeof(FarPage))
    i.far_count += moved
    for kept in range(m.window_pages):
        page = m.windows[first + kept]
        if page:
            i.far[k].number = base + kept
            i.far[k].page = page
            k += 1
            m.windows[first + kept] = 0
    for kept in range(m.window_words):
        m.window_bits[<size_t> instrument * m.window_words + kept] = 0
    m.window_summary[instrument] = 0
    i.base = window_base(m, number)
    i.far_hits = 0
    kept = 0
    moved = i.far_count
    i.far_count = 0
    for k in range(moved):
        if <uint64_t> (i.far[k].number - i.base) < m.window_pages:
            list_page(m, i, instrument, i.far[k].page, i.far[k].number)
        else:
            i.far[kept] = i.far[k]
            kept += 1
    i.far_count = kept


cdef inline uint32_t add_page(Market* m, Instrument* i, uint32_t instrument, int64_t number) noexcept nogil:
    """A page of that number; 0 when none is free."""
    cdef uint32_t page
    if m.page_free:
        page = m.page_free
        m.page_free = m.pages[page].next_free
    elif m.page_top < m.page_capacity:
        m.page_top += 1
        page = m.page_top
    else:
        return 0
    m.page_live += 1
    if i.page_count == 0:
        i.base = window_base(m, number)
        i.far_hits = 0
    i.page_count += 1
    m.pages[page].bits = 0
    m.pages[page].number = number
    m.pages[page].instrument = instrument
    list_page(m, i, instrument, page, number)
    return page


cdef inline void drop_page(Market* m, Instrument* i, uint32_t instrument, uint32_t page) noexcept nogil:
    unlist_page(m, i, instrument, m.pages[page].number)
    m.pages[page].next_free = m.page_free
    m.pages[page].bits = 0
    m.page_free = page
    m.page_live -= 1
    i.page_count -= 1


cdef inline uint32_t level_for(Market* m, Instrument* i, uint32_t instrument, int64_t index) noexcept nogil:
    """The level id of a price index, its page made where there is none; 0 when no page is free."""
    cdef int64_t number = index >> 6
    cdef uint32_t page = page_at(m, i, instrument, number)
    if unlikely(page == 0):
        page = add_page(m, i, instrument, number)
        if page == 0:
            return 0
    if unlikely(<uint64_t> (number - i.base) >= m.window_pages):
        i.far_hits += 1
        if i.far_hits >= FAR_PATIENCE:
            move_window(m, i, instrument, number)
    return page << 6 | <uint32_t> (index & 63)


cdef inline uint32_t near_level(
    const Market* m, const Instrument* i, uint32_t instrument, int64_t index,
) noexcept nogil:
    """The level id of a price index whose page is there and in the window; else its page part is 0."""
    cdef uint64_t place = <uint64_t> ((index >> 6) - i.base)
    if unlikely(place >= m.window_pages):
        return 0
    return m.windows[<size_t> instrument * m.window_pages + place] << 6 | <uint32_t> (index & 63)


cdef inline int64_t number_above(
    const Market* m, const Instrument* i, uint32_t instrument, int64_t number,
) noexcept nogil:
    """Number of the next page above this one, or -1."""
    cdef int64_t place = number + 1 - i.base
    cdef uint32_t word
    cdef uint32_t k
    cdef uint64_t bits
    cdef size_t first = <size_t> instrument * m.window_words
    if place < 0:  # below the window: far pages below it come first
        k = far_place(i, number + 1)
        if k < i.far_count and i.far[k].number < i.base:
            return i.far[k].number
        place = 0
    if place < m.window_pages:
        word = <uint32_t> (place >> 6)
        bits = m.window_bits[first + word] & (~(<uint64_t> 0) << (place & 63))
        if bits:
            return i.base + (<int64_t> word << 6) + lowest(bits)
        bits = m.window_summary[instrument] & ((~(<uint64_t> 1)) << word)
        if bits:
            word = lowest(bits)
            return i.base + (<int64_t> word << 6) + lowest(m.window_bits[first + word])
    k = far_place(i, number + 1 if number + 1 > i.base + m.window_pages else i.base + m.window_pages)
    return i.far[k].number if k < i.far_count else -1


cdef inline int64_t number_below(
    const Market* m, const Instrument* i, uint32_t instrument, int64_t number,
) noexcept nogil:
    """Number of the next page below this one, or -1."""
    cdef int64_t place = number - 1 - i.base
    cdef uint32_t word
    cdef uint32_t k
    cdef uint64_t bits
    cdef size_t first = <size_t> instrument * m.window_words
    if place >= m.window_pages:  # above the window: far pages above it come first
        k = far_place(i, number)
        if k and i.far[k - 1].number >= i.base + m.window_pages:
            return i.far[k - 1].number
        place = m.window_pages - 1
    if place >= 0:
        word = <uint32_t> (place >> 6)
        bits = m.window_bits[first + word] & (~(<uint64_t> 0) >> (63 - (place & 63)))
        if bits:
            return i.base + (<int64_t> word << 6) + highest(bits)
        bits = m.window_summary[instrument] & (((<uint64_t> 1) << word) - 1)
        if bits:
            word = highest(bits)
            return i.base + (<int64_t> word << 6) + highest(m.window_bits[first + word])
    k = far_place(i, number if number < i.base else i.base)
    return i.far[k - 1].number if k else -1


cdef inline int64_t index_above(
    const Market* m, const Instrument* i, uint32_t instrument, int64_t index,
) noexcept nogil:
    """Index of the next level with orders above this one, or -1. The page of index may be gone."""
    cdef int64_t number = index >> 6
    cdef uint32_t page = page_at(m, i, instrument, number)
    cdef uint64_t bits = m.pages[page].bits & ((~(<uint64_t> 1)) << (index & 63)) if page else 0
    if likely(bits != 0):
        return (number << 6) + lowest(bits)
    number = number_above(m, i, instrument, number)
    if number < 0:
        return -1
    return (number << 6) + lowest(m.pages[page_at(m, i, instrument, number)].bits)


cdef inline int64_t index_below(
    const Market* m, const Instrument* i, uint32_t instrument, int64_t index,
) noexcept nogil:
    """Index of the next level with orders below this one, or -1. The page of index may be gone."""
    cdef int64_t number = index >> 6
    cdef uint32_t page = page_at(m, i, instrument, number)
    cdef uint64_t bits = m.pages[page].bits & (((<uint64_t> 1) << (index & 63)) - 1) if page else 0
    if likely(bits != 0):
        return (number << 6) + highest(bits)
    number = number_below(m, i, instrument, number)
    if number < 0:
        return -1
    return (number << 6) + highest(m.pages[page_at(m, i, instrument, number)].bits)


cdef inline int64_t next_index(
    const Market* m, const Instrument* i, uint32_t instrument, uint32_t side, int64_t index,
) noexcept nogil:
    """Index of the next level of a side with orders, from best to worst, or -1. The page of index may be gone."""
    return index_below(m, i, instrument, index) if side == SIDE_BUY else index_above(m, i, instrument, index)


cdef inline uint32_t level_of_index(
    const Market* m, const Instrument* i, uint32_t instrument, int64_t index,
) noexcept nogil:
    """Level id of an index whose page is there."""
    return page_at(m, i, instrument, index >> 6) << 6 | <uint32_t> (index & 63)
