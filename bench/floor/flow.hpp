// What both bounds share: the 16-byte record of bench/flow.py, reading a file of them, the totals
// that a correct book gives, and the timed passes. The clock never runs while a file is read.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

struct Record {
    uint8_t op;    // 1 add, 2 cancel, 3 replace
    uint8_t side;  // 0 buy, 1 sell
    uint16_t symbol;
    uint32_t qty;
    uint32_t oid;
    int32_t price;
};
static_assert(sizeof(Record) == 16, "the flow's record is 16 bytes");

enum Op : uint8_t { ADD = 1, CANCEL = 2, REPLACE = 3 };

struct Totals {
    uint64_t fills = 0, volume = 0, notional = 0, fifo = 0, live = 0, rejects = 0;

    void fill(uint32_t maker, uint32_t taker, uint32_t qty, int64_t price) {
        fills += 1;
        volume += qty;
        notional += (uint64_t)price * qty;
        fifo += (uint64_t)((maker * 31ull + taker * 17ull) % 1000003u) * qty;
    }
};

[[noreturn]] inline void die(const char *what) {
    std::fprintf(stderr, "bound: %s\n", what);
    std::exit(1);
}

struct Flow {
    std::vector<Record> records;
    uint32_t symbols = 0, last_oid = 0;
    int32_t lowest = INT32_MAX, highest = INT32_MIN;
    uint64_t peak_live = 0;  // orders live at once: adds less cancels, until `measure` has counted them with the fills

    explicit Flow(const char *path) {
        std::FILE *file = std::fopen(path, "rb");
        if (!file) die("cannot open the flow file");
        std::fseek(file, 0, SEEK_END);
        long bytes = std::ftell(file);
        std::rewind(file);
        if (bytes < 0 || bytes % (long)sizeof(Record)) die("the flow file is not whole records of 16 bytes");
        records.resize(bytes / sizeof(Record));
        if (std::fread(records.data(), sizeof(Record), records.size(), file) != records.size()) die("short read");
        std::fclose(file);
        uint64_t live = 0;
        for (const Record &record : records) {
            if (record.op < ADD || record.op > REPLACE || record.side > 1) die("unknown op or side in the flow file");
            symbols = std::max<uint32_t>(symbols, record.symbol + 1u);
            last_oid = std::max(last_oid, record.oid);
            lowest = std::min(lowest, record.price);
            highest = std::max(highest, record.price);
            live += record.op == ADD;
            live -= record.op == CANCEL;
            peak_live = std::max(peak_live, live);
        }
    }
};

// Options after the file's name: --passes N (each from an empty book), --skip N (first records, not timed).
struct Options {
    int passes = 3;
    size_t skip = 0;

    Options(int argc, char **argv) {
        for (int i = 2; i + 1 < argc; i += 2) {
            if (!std::strcmp(argv[i], "--passes")) passes = std::atoi(argv[i + 1]);
            else if (!std::strcmp(argv[i], "--skip")) skip = std::strtoull(argv[i + 1], nullptr, 10);
            else die("unknown option");
        }
        if (passes < 1) die("--passes must be at least 1");
    }
};

// Engine: Engine(const Flow &), run(const Record *first, const Record *end), totals().
template <class Engine>
int measure(int argc, char **argv) {
    if (argc < 2) die("usage: bound FILE.bin [--passes N] [--skip N]");
    Options options(argc, argv);
    Flow flow(argv[1]);
    if (options.skip >= flow.records.size()) die("--skip leaves no record to time");
    uint64_t peak = 0;  // so that a bound's tables are no larger, and no colder, than its orders need
    Engine scout(flow);
    for (const Record &record : flow.records) {
        scout.run(&record, &record + 1);
        peak = std::max(peak, scout.totals().live);
    }
    flow.peak_live = peak;
    std::vector<double> ns;
    Totals totals;
    for (int pass = 0; pass < options.passes; pass++) {
        Engine engine(flow);
        const Record *first = flow.records.data(), *end = first + flow.records.size();
        engine.run(first, first + options.skip);
        auto start = std::chrono::steady_clock::now();
        engine.run(first + options.skip, end);
        auto stop = std::chrono::steady_clock::now();
        ns.push_back(std::chrono::duration<double, std::nano>(stop - start).count() / (double)(end - first - options.skip));
        totals = engine.totals();
    }
    std::sort(ns.begin(), ns.end());
    std::printf("{\"events\": %zu, \"fills\": %llu, \"volume\": %llu, \"notional\": %llu, \"fifo\": %llu, \"live\": %llu, "
                "\"rejects\": %llu, \"ns_per_event\": %.3f, \"ns_per_event_best\": %.3f}\n",
                flow.records.size(), (unsigned long long)totals.fills, (unsigned long long)totals.volume,
                (unsigned long long)totals.notional, (unsigned long long)totals.fifo, (unsigned long long)totals.live,
                (unsigned long long)totals.rejects, ns[ns.size() / 2], ns[0]);
    return 0;
}
