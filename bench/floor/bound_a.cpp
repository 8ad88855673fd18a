// Bound A: the least that price-time matching costs. Array ladder, bitmap, FIFO lists; an order's id
// is its slot; nothing is checked and nothing is reported but the totals of the fills.
#include "flow.hpp"
#include "ladder.hpp"

struct Order {
    uint32_t next, prev, qty;
    int32_t index;  // of its level
};

class BoundA {
  public:
    explicit BoundA(const Flow &flow) : base(flow.lowest), pool(flow.last_oid + 1ull) {
        ladders.assign(flow.symbols, Ladder(flow.highest - flow.lowest + 1));
    }

    void run(const Record *record, const Record *end) {
        for (; record != end; record++) {
            Ladder &ladder = ladders[record->symbol];
            const uint32_t slot = record->oid;
            const bool sell = record->side;
            if (record->op == ADD) {
                const int32_t index = record->price - base;
                const uint32_t left = match(ladder, slot, record->qty, index, sell);
                if (left) rest(ladder, slot, left, index, sell);
                continue;
            }
            unlink(ladder, pool, slot, pool[slot].index, sell);
            sums.live--;
            if (record->op == REPLACE) rest(ladder, slot, record->qty, record->price - base, sell);
        }
    }

    Totals totals() const { return sums; }

  private:
    int32_t base;
    std::vector<Order> pool;
    std::vector<Ladder> ladders;
    Totals sums;

    void rest(Ladder &ladder, uint32_t slot, uint32_t qty, int32_t index, bool sell) {
        pool[slot].qty = qty;
        pool[slot].index = index;
        append(ladder, pool, slot, index, sell);
        sums.live++;
    }

    uint32_t match(Ladder &ladder, uint32_t taker, uint32_t left, int32_t limit, bool sell) {
        while (left) {
            const int32_t best = sell ? ladder.bid : ladder.ask;
            if (sell ? best < limit : best > limit) break;
            const uint32_t slot = ladder.levels[best].head;
            Order &maker = pool[slot];
            const uint32_t qty = left < maker.qty ? left : maker.qty;
            left -= qty;
            maker.qty -= qty;
            sums.fill(slot, taker, qty, base + best);
            if (!maker.qty) {
                unlink(ladder, pool, slot, best, !sell);
                sums.live--;
            }
        }
        return left;
    }
};

int main(int argc, char **argv) { return measure<BoundA>(argc, argv); }
