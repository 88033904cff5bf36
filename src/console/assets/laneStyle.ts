/** How a dataset's lane looks: a channel of five gates, and a basin in red for what was set aside. */
export const LANE_STYLE = `
.lane { padding: 16px 20px; }
[id^="lane-"] + [id^="lane-"] { margin-top: 16px; }
.lane header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 4px 12px; }
.lane h3 { font-size: 1.15rem; letter-spacing: -0.01em; }
.lane h3 a { color: inherit; }
.mix { display: block; width: 100%; height: 6px; border-radius: 3px; overflow: hidden; margin: 10px 0 14px; }
.m-none { fill: var(--sunk); }
.m-loaded { fill: var(--water); }
.m-flight { fill: var(--flight); }
.m-aside { fill: var(--aside); }
.m-quarantined { fill: var(--red); }
.gates { list-style: none; display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)) minmax(0, 1.5fr); background: var(--sunk); border-radius: 10px; }
.gates.to-judged { grid-template-columns: repeat(3, minmax(0, 1fr)) minmax(0, 1.5fr); }
.gate { position: relative; padding: 10px 14px 12px; min-height: 96px; }
.gate + .gate::before { content: ""; position: absolute; left: -1.5px; top: 12px; bottom: 12px; width: 3px; border-radius: 2px; background: var(--line); }
.gate > a { display: flex; align-items: baseline; gap: 7px; color: inherit; }
.gate .count { font-size: 1.3rem; font-weight: 600; letter-spacing: -0.01em; font-variant-numeric: tabular-nums; }
.gate .label { color: var(--soft); font-size: 0.88rem; }
.gate.empty .count { color: var(--soft); font-weight: 400; }
.gate:last-child:not(.empty) .count { color: var(--water-deep); }
.pool { display: flex; flex-wrap: wrap; gap: 4px; margin-top: 8px; align-content: flex-start; max-height: 46px; overflow: hidden; }
.dot { width: 8px; height: 8px; border-radius: 50%; background: var(--flight); }
.dot:hover { outline: 2px solid var(--ink); }
.dot.s-arrived { background: color-mix(in srgb, var(--flight) 45%, var(--sunk)); }
.dot.s-batched { background: color-mix(in srgb, var(--flight) 75%, var(--sunk)); }
.dot.s-judged { background: color-mix(in srgb, var(--flight) 50%, var(--water)); }
.dot.s-loaded { background: var(--water); }
.to-judged .dot.s-judged { background: var(--water); }
.dot.s-held { background: var(--held); }
.quarantine { margin-top: 12px; padding: 10px 14px 12px; border-radius: 10px; background: var(--red-ground); border-left: 3px solid var(--red); font-size: 0.9rem; }
.quarantine h4 { font-size: 0.95rem; }
.quarantine h4 a { color: var(--red); }
.quarantine ul { list-style: none; margin-top: 4px; display: grid; gap: 3px; }
.quarantine li { overflow-wrap: anywhere; }
@media (max-width: 760px) {
  .lane { padding: 14px; }
  .gates, .gates.to-judged { grid-template-columns: minmax(0, 1fr); }
  .gate { display: grid; grid-template-columns: 150px minmax(0, 1fr); align-items: center; min-height: 0; padding: 7px 12px; }
  .gate + .gate::before { left: 12px; right: 12px; top: -1px; bottom: auto; width: auto; height: 2px; }
  .pool { margin-top: 0; max-height: 20px; }
  .gate .count { min-width: 2.2em; }
}
`;
