// Bound B: bound A and what a venue cannot leave out. Client order ids go through a hash table to
// slots of a recycled pool; an order's account (id mod 1024) passes eight checks before it trades and
// carries holds, cash and positions after; every acked command and every fill leaves a 32-byte report.
// It runs in batches of 256 commands into one report buffer, as a caller would that publishes each batch.
#include "flow.hpp"
#include "ladder.hpp"

constexpr uint32_t ACCOUNTS = 1024, BATCH = 256;

struct Order {
    uint32_t next, prev, qty;
    int32_t index;  // of its level
    uint32_t oid, account;
};

struct alignas(64) Account {
    int64_t cash, held, notional_limit;
    uint64_t rate_window;
    uint32_t qty_limit, open_limit, open_orders, rate_limit, rate_used;
    uint8_t state;
};
static_assert(sizeof(Account) == 64, "an account is one cache line");

struct Holding {  // of one account in one symbol
    int64_t position;
    uint32_t open_buys, open_sells;
};

enum Kind : uint8_t { ACCEPTED = 1, CANCELLED = 2, REPLACED = 3, FILL = 4, REJECTED = 5 };
enum Check : uint8_t {
    NONE, ACCOUNT_STATE, SYMBOL_STATE, ORDER_QTY, ORDER_NOTIONAL, COLLAR, BUYING_POWER, POSITION, OPEN_ORDERS, RATE,
    UNKNOWN_ORDER, DUPLICATE_ID
};

struct Report {
    uint64_t sequence;
    uint32_t oid, maker;
    int32_t price;
    uint32_t qty, left;
    uint16_t symbol;
    uint8_t kind, check;
};
static_assert(sizeof(Report) == 32, "a report is 32 bytes");

// Open addressing with linear probes and backward-shift deletion; load at most a quarter.
class Ids {
  public:
    explicit Ids(uint64_t orders) {
        bits = 8;
        while ((1ull << bits) < orders * 4) bits++;
        mask = (1u << bits) - 1;
        cells.assign(1ull << bits, Cell{0, 0});
    }

    uint32_t find(uint32_t oid) const {
        for (uint32_t at = home(oid);; at = (at + 1) & mask) {
            if (cells[at].oid == oid) return cells[at].slot;
            if (!cells[at].oid) return 0;
        }
    }

    bool insert(uint32_t oid, uint32_t slot) {  // false: the id is in use
        uint32_t at = home(oid);
        for (; cells[at].oid; at = (at + 1) & mask)
            if (cells[at].oid == oid) return false;
        cells[at] = Cell{oid, slot};
        return true;
    }

    void erase(uint32_t oid) {
        uint32_t hole = home(oid);
        while (cells[hole].oid != oid) hole = (hole + 1) & mask;
        for (uint32_t at = (hole + 1) & mask; cells[at].oid; at = (at + 1) & mask) {
            if (((at - home(cells[at].oid)) & mask) < ((at - hole) & mask)) continue;
            cells[hole] = cells[at];
            hole = at;
        }
        cells[hole].oid = 0;
    }

  private:
    struct Cell {
        uint32_t oid, slot;
    };
    std::vector<Cell> cells;
    uint32_t mask;
    int bits;

    uint32_t home(uint32_t oid) const { return (oid * 2654435769u) >> (32 - bits); }
};

class BoundB {
  public:
    explicit BoundB(const Flow &flow)
        : base(flow.lowest), ids(flow.peak_live + 1), pool(flow.peak_live + 2), holdings((size_t)flow.symbols * ACCOUNTS),
          reference(flow.symbols, 100000), symbol_state(flow.symbols, 1), reports(BATCH) {
        ladders.assign(flow.symbols, Ladder(flow.highest - flow.lowest + 1));
        accounts.assign(ACCOUNTS, Account{1ll << 60, 0, 1ll << 40, 0, 10000, 1u << 30, 0, 1u << 30, 0, 1});
        for (uint32_t slot = 1; slot < pool.size(); slot++) pool[slot].next = slot + 1 < pool.size() ? slot + 1 : 0;
        free_slot = 1;
    }

    void run(const Record *record, const Record *end) {
        while (record != end) {
            const Record *stop = (size_t)(end - record) > BATCH ? record + BATCH : end;
            used = 0;
            for (; record != stop; record++) {
                sequence++;
                if (record->op == ADD) add(*record);
                else if (record->op == CANCEL) cancel(*record);
                else replace(*record);
            }
            for (size_t i = 0; i < used; i += 64) checksum += reports[i].oid;  // somebody reads the batch
        }
    }

    Totals totals() const {
        Totals result = sums;
        if (checksum == 1) result.rejects += 1;  // keeps the reports from being optimised away
        return result;
    }

  private:
    int32_t base;
    Ids ids;
    std::vector<Order> pool;
    std::vector<Ladder> ladders;
    std::vector<Account> accounts;
    std::vector<Holding> holdings;
    std::vector<int32_t> reference;
    std::vector<uint8_t> symbol_state;
    std::vector<Report> reports;
    size_t used = 0;
    uint32_t free_slot;
    uint64_t sequence = 0, checksum = 0;
    Totals sums;

    Holding &holding(uint32_t symbol, uint32_t account) { return holdings[(size_t)symbol * ACCOUNTS + account]; }

    void report(Kind kind, Check check, const Record &record, uint32_t maker, int32_t price, uint32_t qty, uint32_t left) {
        if (used == reports.size()) reports.resize(reports.size() * 2);
        reports[used++] = Report{sequence, record.oid, maker, price, qty, left, record.symbol, kind, check};
    }

    void reject(const Record &record, Check check) {
        sums.rejects++;
        report(REJECTED, check, record, 0, record.price, record.qty, 0);
    }

    Check check(const Record &record, Account &account, const Holding &holding, int64_t released) {
        const int64_t notional = (int64_t)record.price * record.qty;
        if (account.state != 1) return ACCOUNT_STATE;
        if (symbol_state[record.symbol] != 1) return SYMBOL_STATE;
        if (record.qty == 0 || record.qty > account.qty_limit) return ORDER_QTY;
        if (notional > account.notional_limit) return ORDER_NOTIONAL;
        const int32_t middle = reference[record.symbol], off = record.price - middle;
        if ((off < 0 ? -off : off) > middle / 10) return COLLAR;
        if (record.side == 0 && account.cash - account.held + released < notional) return BUYING_POWER;
        const int64_t after = record.side == 0 ? holding.position + holding.open_buys + record.qty
                                               : holding.open_sells + record.qty - holding.position;
        if (after > (1ll << 40)) return POSITION;
        if (account.open_orders >= account.open_limit) return OPEN_ORDERS;
        const uint64_t window = sequence >> 16;  // the flow has no clock: 65,536 commands are its second
        if (account.rate_window != window) {
            account.rate_window = window;
            account.rate_used = 0;
        }
        if (++account.rate_used > account.rate_limit) return RATE;
        return NONE;
    }

    void add(const Record &record) {
        const uint32_t owner = record.oid % ACCOUNTS;
        Account &account = accounts[owner];
        Holding &own = holding(record.symbol, owner);
        const Check failed = check(record, account, own, 0);
        if (failed != NONE) return reject(record, failed);
        const uint32_t slot = free_slot;
        if (!ids.insert(record.oid, slot)) return reject(record, DUPLICATE_ID);
        free_slot = pool[slot].next;
        Ladder &ladder = ladders[record.symbol];
        const bool sell = record.side;
        const int32_t index = record.price - base;
        report(ACCEPTED, NONE, record, 0, record.price, record.qty, record.qty);
        uint32_t left = record.qty;
        if (sell ? ladder.bid >= index : ladder.ask <= index) left = match(ladder, record, account, own, index, sell);
        if (!left) {
            ids.erase(record.oid);
            pool[slot].next = free_slot;
            free_slot = slot;
            return;
        }
        pool[slot].oid = record.oid;
        pool[slot].account = owner;
        rest(ladder, slot, left, index, sell, account, own);
    }

    void cancel(const Record &record) {
        const uint32_t slot = ids.find(record.oid);
        if (!slot) return reject(record, UNKNOWN_ORDER);
        const uint32_t left = pool[slot].qty;
        take(record, slot);
        ids.erase(record.oid);
        pool[slot].next = free_slot;
        free_slot = slot;
        report(CANCELLED, NONE, record, 0, record.price, left, 0);
    }

    void replace(const Record &record) {
        const uint32_t slot = ids.find(record.oid);
        if (!slot) return reject(record, UNKNOWN_ORDER);
        const uint32_t owner = pool[slot].account;
        Account &account = accounts[owner];
        Holding &own = holding(record.symbol, owner);
        const int64_t released = record.side ? 0 : (int64_t)(base + pool[slot].index) * pool[slot].qty;
        const Check failed = check(record, account, own, released);
        if (failed != NONE) return reject(record, failed);
        take(record, slot);
        rest(ladders[record.symbol], slot, record.qty, record.price - base, record.side, account, own);
        report(REPLACED, NONE, record, 0, record.price, record.qty, record.qty);
    }

    void rest(Ladder &ladder, uint32_t slot, uint32_t qty, int32_t index, bool sell, Account &account, Holding &own) {
        pool[slot].qty = qty;
        pool[slot].index = index;
        append(ladder, pool, slot, index, sell);
        account.open_orders++;
        if (sell) {
            own.open_sells += qty;
        } else {
            own.open_buys += qty;
            account.held += (int64_t)(base + index) * qty;
        }
        sums.live++;
    }

    void take(const Record &record, uint32_t slot) {  // out of the book, its holds released
        const Order order = pool[slot];
        const bool sell = record.side;
        unlink(ladders[record.symbol], pool, slot, order.index, sell);
        Account &account = accounts[order.account];
        Holding &own = holding(record.symbol, order.account);
        account.open_orders--;
        if (sell) {
            own.open_sells -= order.qty;
        } else {
            own.open_buys -= order.qty;
            account.held -= (int64_t)(base + order.index) * order.qty;
        }
        sums.live--;
    }

    uint32_t match(Ladder &ladder, const Record &taker, Account &account, Holding &own, int32_t limit, bool sell) {
        uint32_t left = taker.qty;
        do {
            const int32_t best = sell ? ladder.bid : ladder.ask;
            if (sell ? best < limit : best > limit) break;
            const uint32_t slot = ladder.levels[best].head;
            Order &maker = pool[slot];
            const uint32_t qty = left < maker.qty ? left : maker.qty;
            const int32_t price = base + best;
            const int64_t paid = (int64_t)price * qty;
            left -= qty;
            maker.qty -= qty;
            sums.fill(maker.oid, taker.oid, qty, price);
            Account &other = accounts[maker.account];
            Holding &theirs = holding(taker.symbol, maker.account);
            if (sell) {
                account.cash += paid;
                own.position -= qty;
                other.cash -= paid;
                other.held -= paid;
                theirs.position += qty;
                theirs.open_buys -= qty;
            } else {
                account.cash -= paid;
                own.position += qty;
                other.cash += paid;
                theirs.position -= qty;
                theirs.open_sells -= qty;
            }
            reference[taker.symbol] = price;
            report(FILL, NONE, taker, maker.oid, price, qty, left);
            if (maker.qty) break;
            other.open_orders--;
            ids.erase(maker.oid);
            unlink(ladder, pool, slot, best, !sell);
            maker.next = free_slot;
            free_slot = slot;
            sums.live--;
        } while (left);
        return left;
    }
};

int main(int argc, char **argv) { return measure<BoundB>(argc, argv); }
