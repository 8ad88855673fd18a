"""Sorted sets of special orders: by stop price, by price in the dark, by time of expiry, ...

A tree (a treap) is made of the Nodes of one Branch of the orders' Extras, sorted by key, then by rank (by number of
acceptance where the branch is BY_EXPIRY). What shape it has follows from the slots and keys that are in it and from
nothing else, so a snapshot need not hold it. No memory is taken; all steps are O(log n).
"""

from libc.stdint cimport int64_t, uint32_t, uint64_t

from ext.layout cimport BY_EXPIRY, Branch, Extra, Market, Node, Sorted


cdef inline uint32_t weight_of(uint32_t slot) noexcept nogil:
    """Another one for each slot, and as if by chance: the heavier is nearer to the root."""
    cdef uint32_t x = slot * <uint32_t> 0x9E3779B1
    x ^= x >> 15
    x *= <uint32_t> 0x85EBCA77
    return x ^ (x >> 13)


cdef inline Node* node_at(const Market* m, uint32_t slot, Branch branch) noexcept nogil:
    return &m.extras[slot].nodes[<int> branch]


cdef inline uint64_t tie_of(const Market* m, uint32_t slot, Branch branch) noexcept nogil:
    return m.extras[slot].accepted if branch == BY_EXPIRY else m.extras[slot].rank


cdef inline bint comes_before(const Market* m, uint32_t a, uint32_t b, Branch branch) noexcept nogil:
    cdef int64_t left = node_at(m, a, branch).key
    cdef int64_t right = node_at(m, b, branch).key
    return left < right or (left == right and tie_of(m, a, branch) < tie_of(m, b, branch))


cdef inline void plant(Market* m, uint32_t* root, uint32_t slot, Branch branch, int64_t key) noexcept nogil:
    """Put an order into a tree. Its rank or number must stay as they are while it is there."""
    cdef Node* node = node_at(m, slot, branch)
    cdef uint32_t* place = root
    cdef uint32_t* left = &node.left
    cdef uint32_t* right = &node.right
    cdef uint32_t at
    cdef uint32_t weight = weight_of(slot)
    node.key = key
    while place[0] and weight_of(place[0]) > weight:
        at = place[0]
        place = &node_at(m, at, branch).right if comes_before(m, at, slot, branch) else &node_at(m, at, branch).left
    at = place[0]
    place[0] = slot
    while at:  # what was there is split into what comes before and what comes after
        if comes_before(m, at, slot, branch):
            left[0] = at
            left = &node_at(m, at, branch).right
            at = left[0]
        else:
            right[0] = at
            right = &node_at(m, at, branch).left
            at = right[0]
    left[0] = 0
    right[0] = 0


cdef inline void uproot(Market* m, uint32_t* root, uint32_t slot, Branch branch) noexcept nogil:
    """Take an order that is in this tree out of it."""
    cdef uint32_t* place = root
    cdef uint32_t left, right
    while place[0] != slot:
        place = (&node_at(m, place[0], branch).right if comes_before(m, place[0], slot, branch)
                 else &node_at(m, place[0], branch).left)
    left = node_at(m, slot, branch).left
    right = node_at(m, slot, branch).right
    while left and right:
        if weight_of(left) > weight_of(right):
            place[0] = left
            place = &node_at(m, left, branch).right
            left = place[0]
        else:
            place[0] = right
            place = &node_at(m, right, branch).left
            right = place[0]
    place[0] = left if left else right


cdef inline uint32_t first_of(const Market* m, uint32_t root, Branch branch) noexcept nogil:
    """The first order, or 0."""
    cdef uint32_t at = root
    while at and node_at(m, at, branch).left:
        at = node_at(m, at, branch).left
    return at


cdef inline uint32_t first_from(const Market* m, uint32_t root, Branch branch, int64_t key) noexcept nogil:
    """The first order whose key is at least this, or 0."""
    cdef uint32_t at = root
    cdef uint32_t found = 0
    while at:
        if node_at(m, at, branch).key >= key:
            found = at
            at = node_at(m, at, branch).left
        else:
            at = node_at(m, at, branch).right
    return found


cdef inline uint32_t next_in(const Market* m, uint32_t root, uint32_t slot, Branch branch) noexcept nogil:
    """The order behind one that is, or by its key and rank would be, in the tree; or 0."""
    cdef uint32_t at = root
    cdef uint32_t found = 0
    while at:
        if comes_before(m, slot, at, branch):
            found = at
            at = node_at(m, at, branch).left
        else:
            at = node_at(m, at, branch).right
    return found


cdef inline uint32_t last_of(const Market* m, uint32_t root, Branch branch) noexcept nogil:
    """The last order, or 0."""
    cdef uint32_t at = root
    while at and node_at(m, at, branch).right:
        at = node_at(m, at, branch).right
    return at


cdef inline uint32_t previous_in(const Market* m, uint32_t root, uint32_t slot, Branch branch) noexcept nogil:
    """The order in front of one that is, or by its key and rank would be, in the tree; or 0."""
    cdef uint32_t at = root
    cdef uint32_t found = 0
    while at:
        if comes_before(m, at, slot, branch):
            found = at
            at = node_at(m, at, branch).right
        else:
            at = node_at(m, at, branch).left
    return found


# Trees whose front is asked for far more often than it changes have it at hand

cdef inline void plant_sorted(Market* m, Sorted* tree, uint32_t slot, Branch branch, int64_t key) noexcept nogil:
    plant(m, &tree.root, slot, branch, key)
    if tree.front == 0 or comes_before(m, slot, tree.front, branch):
        tree.front = slot
        tree.key = key


cdef inline void uproot_sorted(Market* m, Sorted* tree, uint32_t slot, Branch branch) noexcept nogil:
    uproot(m, &tree.root, slot, branch)
    if slot == tree.front:
        tree.front = first_of(m, tree.root, branch)
        tree.key = node_at(m, tree.front, branch).key
