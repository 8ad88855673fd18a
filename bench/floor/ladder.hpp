// One symbol's price ladder: an array of FIFO levels and a two-tier bitmap of the levels that hold
// orders. The book never stays crossed, so one bitmap serves both sides: the next set bit below the
// best bid is a bid, the next above the best ask an ask.
#pragma once

#include <cstdint>
#include <vector>

struct Level {
    uint32_t head = 0, tail = 0;  // slots in the pool; 0 is none
};

class Ladder {
  public:
    static constexpr int32_t NO_BID = -1, NO_ASK = INT32_MAX;

    int32_t bid = NO_BID, ask = NO_ASK;  // best levels, as indices
    std::vector<Level> levels;

    explicit Ladder(uint32_t width) {
        uint32_t groups = (width + 4095) / 4096;
        levels.resize(groups * 4096ull);
        words.assign(groups * 64ull, 0);
        summary.assign(groups, 0);
    }

    void mark(uint32_t index) {
        words[index >> 6] |= 1ull << (index & 63);
        summary[index >> 12] |= 1ull << ((index >> 6) & 63);
    }

    void clear(uint32_t index) {
        uint64_t left = words[index >> 6] &= ~(1ull << (index & 63));
        if (!left) summary[index >> 12] &= ~(1ull << ((index >> 6) & 63));
    }

    int32_t below(int32_t index) const {  // the highest marked level under `index`, or NO_BID
        uint32_t word = (uint32_t)index >> 6;
        uint64_t bits = words[word] & ((1ull << (index & 63)) - 1);
        if (bits) return (int32_t)(word << 6) + 63 - __builtin_clzll(bits);
        int32_t group = (int32_t)(word >> 6);
        bits = summary[group] & ((1ull << (word & 63)) - 1);
        while (!bits) {
            if (--group < 0) return NO_BID;
            bits = summary[group];
        }
        word = (uint32_t)(group << 6) + 63 - __builtin_clzll(bits);
        return (int32_t)(word << 6) + 63 - __builtin_clzll(words[word]);
    }

    int32_t above(int32_t index) const {  // the lowest marked level over `index`, or NO_ASK
        uint32_t word = (uint32_t)index >> 6;
        uint64_t bits = words[word] & (~1ull << (index & 63));
        if (bits) return (int32_t)(word << 6) + __builtin_ctzll(bits);
        uint32_t group = word >> 6;
        bits = summary[group] & (~1ull << (word & 63));
        while (!bits) {
            if (++group == summary.size()) return NO_ASK;
            bits = summary[group];
        }
        word = (group << 6) + __builtin_ctzll(bits);
        return (int32_t)(word << 6) + __builtin_ctzll(words[word]);
    }

  private:
    std::vector<uint64_t> words, summary;
};

// Append to, and take from, the FIFO of a level. Order: any struct with next and prev slots.
template <class Order>
inline void append(Ladder &ladder, std::vector<Order> &pool, uint32_t slot, int32_t index, bool sell) {
    Level &level = ladder.levels[index];
    Order &order = pool[slot];
    order.next = 0;
    order.prev = level.tail;
    if (level.tail) {
        pool[level.tail].next = slot;
        level.tail = slot;
        return;
    }
    level.head = level.tail = slot;
    ladder.mark(index);
    if (sell) {
        if (index < ladder.ask) ladder.ask = index;
    } else if (index > ladder.bid) {
        ladder.bid = index;
    }
}

template <class Order>
inline void unlink(Ladder &ladder, std::vector<Order> &pool, uint32_t slot, int32_t index, bool sell) {
    Level &level = ladder.levels[index];
    const Order &order = pool[slot];
    if (order.prev) pool[order.prev].next = order.next;
    else level.head = order.next;
    if (order.next) pool[order.next].prev = order.prev;
    else level.tail = order.prev;
    if (level.head) return;
    ladder.clear(index);
    if (sell) {
        if (index == ladder.ask) ladder.ask = ladder.above(index);
    } else if (index == ladder.bid) {
        ladder.bid = ladder.below(index);
    }
}
