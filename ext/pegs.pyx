"""The trees of pegs: treaps as in tree.pxd, whose nodes have the largest measure of their subtree as key.

Whatever the keys of the orders are, no step goes deeper into calls: on a way down that changes what lies below, the
nodes are linked by the child that is still open, and measured anew on the way back up.
"""

from libc.stdint cimport INT64_MAX, INT64_MIN, int64_t, uint32_t, uint64_t

from ext.layout cimport BY_PLACE, BY_TURN, Branch, Extra, Market, Node, PegTree, Unseen
from ext.places cimport rank_key
from ext.tree cimport node_at, weight_of
from ext.wire cimport PEG_PRIMARY

cdef enum Open:  # which child of a node on the way is open: its key says so meanwhile
    LEFT
    RIGHT


cdef inline bint is_at_or_behind(
    const Market* m, uint32_t slot, Branch branch, int64_t key, uint64_t rank,
) noexcept nogil:
    cdef const Extra* e = &m.extras[slot]
    cdef int64_t own = key_of_peg(e, branch)
    return own > key or (own == key and e.rank >= rank)


cdef inline bint is_behind(const Market* m, uint32_t slot, uint32_t other, Branch branch) noexcept nogil:
    return is_at_or_behind(m, slot, branch, key_of_peg(&m.extras[other], branch), m.extras[other].rank)


cdef inline int64_t most_of(const Market* m, uint32_t slot, Branch branch, int64_t most) noexcept nogil:
    """The larger one of a measure and the largest one of a subtree."""
    cdef int64_t other
    if slot == 0:
        return most
    other = node_at(m, slot, branch).key
    return other if other > most else most


cdef inline void measure(const Market* m, uint32_t slot, Branch branch) noexcept nogil:
    cdef Node* node = node_at(m, slot, branch)
    cdef int64_t most = most_of(m, node.left, branch, measure_of_peg(&m.extras[slot], branch))
    node.key = most_of(m, node.right, branch, most)


cdef inline uint32_t open_child(Market* m, uint32_t* way, uint32_t slot, Branch branch, Open which) noexcept nogil:
    """Go on from a node to its child, which is open from now on; which one that was."""
    cdef Node* node = node_at(m, slot, branch)
    cdef uint32_t* child = &node.right if which == RIGHT else &node.left
    cdef uint32_t below = child[0]
    child[0] = way[0]
    node.key = which
    way[0] = slot
    return below


cdef uint32_t close(Market* m, uint32_t way, uint32_t below, Branch branch) noexcept nogil:
    """Go back up a way, with a tree in its last open child; the whole tree's root."""
    cdef Node* node
    cdef uint32_t* child
    cdef uint32_t up
    while way:
        node = node_at(m, way, branch)
        child = &node.right if node.key == RIGHT else &node.left
        up = child[0]
        child[0] = below
        measure(m, way, branch)
        below = way
        way = up
    return below


cdef uint32_t with_peg(Market* m, uint32_t root, uint32_t slot, Branch branch) noexcept nogil:
    """The root of a tree once an order is in it."""
    cdef Node* node = node_at(m, slot, branch)
    cdef uint32_t weight = weight_of(slot)
    cdef uint32_t at = root
    cdef uint32_t way = 0
    cdef uint32_t before = 0
    cdef uint32_t behind = 0
    while at and weight_of(at) > weight:
        at = open_child(m, &way, at, branch, LEFT if is_behind(m, at, slot, branch) else RIGHT)
    while at:  # what was there is split into what comes before and what comes after
        if is_behind(m, at, slot, branch):
            at = open_child(m, &behind, at, branch, LEFT)
        else:
            at = open_child(m, &before, at, branch, RIGHT)
    node.left = close(m, before, 0, branch)
    node.right = close(m, behind, 0, branch)
    measure(m, slot, branch)
    return close(m, way, slot, branch)


cdef uint32_t without_peg(Market* m, uint32_t root, uint32_t slot, Branch branch) noexcept nogil:
    """The root of a tree once an order of it is gone."""
    cdef uint32_t at = root
    cdef uint32_t way = 0
    cdef uint32_t left, right
    while at != slot:
        at = open_child(m, &way, at, branch, LEFT if is_behind(m, at, slot, branch) else RIGHT)
    left = node_at(m, slot, branch).left
    right = node_at(m, slot, branch).right
    while left and right:
        if weight_of(left) > weight_of(right):
            left = open_child(m, &way, left, branch, RIGHT)
        else:
            right = open_child(m, &way, right, branch, LEFT)
    return close(m, way, left if left else right, branch)


cdef inline uint32_t first_below(
    const Market* m, uint32_t root, Branch branch, int64_t bound, int64_t* before,
) noexcept nogil:
    """The first order of a subtree whose measure is at least a bound, and there is one; and the largest measure of
    those in front of it, where that is more than `before`."""
    cdef uint32_t at = root
    cdef const Node* node
    cdef int64_t own
    while True:
        node = node_at(m, at, branch)
        if node.left and node_at(m, node.left, branch).key >= bound:
            at = node.left
            continue
        before[0] = most_of(m, node.left, branch, before[0])
        own = measure_of_peg(&m.extras[at], branch)
        if own >= bound:
            return at
        before[0] = own if own > before[0] else before[0]
        at = node.right


cdef void look_in(const Market* m, PegTree* pegs, Branch branch, int64_t bound) noexcept nogil:
    pegs.before = node_at(m, pegs.root, branch).key
    pegs.measure = INT64_MAX
    pegs.found = 0
    if pegs.before >= bound:
        pegs.before = INT64_MIN
        pegs.found = first_below(m, pegs.root, branch, bound, &pegs.before)
        pegs.key = key_of_peg(&m.extras[pegs.found], branch)
        pegs.measure = measure_of_peg(&m.extras[pegs.found], branch)


cdef uint32_t first_counting(
    const Market* m, uint32_t root, Branch branch, int64_t bound, int64_t key, uint64_t rank,
) noexcept nogil:
    cdef uint32_t at = root
    cdef uint32_t found = 0  # it, or below it to the right
    cdef int64_t before = 0
    cdef const Node* node
    while at and node_at(m, at, branch).key >= bound:
        node = node_at(m, at, branch)
        if not is_at_or_behind(m, at, branch, key, rank):
            at = node.right
            continue
        if measure_of_peg(&m.extras[at], branch) >= bound or (
                node.right and node_at(m, node.right, branch).key >= bound):
            found = at
        at = node.left
    if found == 0 or measure_of_peg(&m.extras[found], branch) >= bound:
        return found
    return first_below(m, node_at(m, found, branch).right, branch, bound, &before)


# Both trees

cdef inline void forget_found(PegTree* pegs) noexcept nogil:
    """No bound is up to this one."""
    pegs.measure = INT64_MIN


cdef inline void plant_in(Market* m, PegTree* pegs, uint32_t slot, Branch branch) noexcept nogil:
    cdef int64_t own = measure_of_peg(&m.extras[slot], branch)
    if pegs.root == 0:
        forget_found(pegs)
    elif own > pegs.before and (pegs.found == 0 or is_behind(m, pegs.found, slot, branch)):
        pegs.before = own
    pegs.root = with_peg(m, pegs.root, slot, branch)


cdef inline void uproot_from(Market* m, PegTree* pegs, uint32_t slot, Branch branch) noexcept nogil:
    pegs.root = without_peg(m, pegs.root, slot, branch)
    if slot == pegs.found:
        pegs.found = 0
        forget_found(pegs)


cdef inline PegTree* trees_of(Unseen* u, uint32_t side, uint32_t peg) noexcept nogil:
    return &u.pegs[side][2 * (peg - PEG_PRIMARY)]


cdef void plant_peg(Market* m, Unseen* u, uint32_t slot) noexcept nogil:
    cdef uint32_t side = m.orders[slot].side
    cdef Extra* e = &m.extras[slot]
    cdef PegTree* trees = trees_of(u, side, e.peg)
    e.water = rank_key(side, m.orders[slot].price)
    u.peg_counts[side] += 1
    plant_in(m, &trees[0], slot, BY_PLACE)
    plant_in(m, &trees[1], slot, BY_TURN)


cdef void uproot_peg(Market* m, Unseen* u, uint32_t slot) noexcept nogil:
    cdef uint32_t side = m.orders[slot].side
    cdef PegTree* trees = trees_of(u, side, m.extras[slot].peg)
    u.peg_counts[side] -= 1
    uproot_from(m, &trees[0], slot, BY_PLACE)
    uproot_from(m, &trees[1], slot, BY_TURN)
    m.extras[slot].water = 0
