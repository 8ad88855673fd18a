-- What orders are checked against by price: bands, restricted short sales, tables of ticks (docs/bands.md), as they
-- were set; what holds now is in instruments.

CREATE VIEW price_bounds AS
SELECT o.seq, o.ts, i.symbol, o.instrument, name_of('CommandKind', o.command) AS command,
       CASE WHEN o.command = 75 AND o.given[1] > 0 THEN price_of(o.given[1]) END AS lower,
       CASE WHEN o.command = 75 AND o.given[2] > 0 THEN price_of(o.given[2]) END AS upper,
       CASE WHEN o.command = 75 AND o.given[3] > 0 THEN price_of(o.given[3]) END AS reference,
       CASE WHEN o.command = 76 THEN o.given[1] = 1 END AS short_restricted,
       CASE WHEN o.command = 77 THEN o.given END AS ticks,
       o.operator, o.reason
FROM operations o
LEFT JOIN instruments i USING (instrument)
WHERE o.command IN (75, 76, 77) AND o.failed_check = 0;
COMMENT ON VIEW price_bounds IS 'Bands, restrictions of short sales and tables of ticks as they were set, by whom and why; no lower: bands were taken away';
