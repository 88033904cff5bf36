import { LANE_STYLE } from './laneStyle.js';

const COLOURS = `
:root {
  color-scheme: light dark;
  --ground: #f3f6f4; --card: #ffffff; --sunk: #eaf0ee; --line: #dbe4e1;
  --ink: #14282a; --soft: #546a6b; --link: #0b6b63;
  --water: #0d8a80; --water-deep: #0a6a63; --flight: #4a8fd0; --held: #a85f00; --red: #b3261e; --red-ground: #fdf0ee; --amber-ground: #fdf5e6;
  --aside: #b9c6c4; --shadow: 0 1px 2px rgb(20 40 42 / 6%), 0 8px 24px -16px rgb(20 40 42 / 22%);
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0c1416; --card: #131d20; --sunk: #1a272a; --line: #26363a;
    --ink: #e4eeec; --soft: #9bb0b0; --link: #6fd8cb;
    --water: #2fb5a7; --water-deep: #57d3c5; --flight: #6aaeea; --held: #f0b35a; --red: #ff8d80; --red-ground: #2a1816; --amber-ground: #2a2113;
    --aside: #49595b; --shadow: none;
  }
}`;

const GROUND = `
*, *::before, *::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.5 ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
h1, h2, h3, h4, p, dl, dd, ul, ol { margin: 0; padding: 0; }
h1 { font-size: 1.5rem; line-height: 1.25; letter-spacing: -0.01em; }
h2 { font-size: 1.05rem; letter-spacing: -0.005em; }
h3 { font-size: 1rem; }
a { color: var(--link); text-decoration: none; }
a:hover { text-decoration: underline; }
a:focus-visible, button:focus-visible, select:focus-visible, .scroll:focus-visible { outline: 2px solid var(--water); outline-offset: 2px; border-radius: 4px; }
code, .mono { font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace; font-size: 0.9em; }
.muted { color: var(--soft); }
.key, .uri, .reason { overflow-wrap: anywhere; }
.visually-hidden { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; left: -999px; top: 0; background: var(--card); padding: 8px 16px; z-index: 2; }
.skip:focus { left: 8px; top: 8px; }
main { max-width: 1120px; margin: 0 auto; padding: 8px 20px 64px; display: grid; gap: 20px; grid-template-columns: minmax(0, 1fr); }
main > *, main section { min-width: 0; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 14px; padding: 18px 20px; box-shadow: var(--shadow); }
.card > h2 { margin-bottom: 10px; }
.card.alarm { background: var(--red-ground); border-color: color-mix(in srgb, var(--red) 35%, transparent); }
.two { display: grid; gap: 20px; grid-template-columns: minmax(0, 9fr) minmax(0, 5fr); align-items: start; }
.fault { margin-top: 24px; display: grid; gap: 8px; }`;

const ACTS = `
input, button, select { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 6px 12px; max-width: 100%; }
button { cursor: pointer; }
button:hover { background: var(--sunk); }
.acts { display: flex; flex-wrap: wrap; gap: 10px 16px; }
.act { display: inline-flex; gap: 6px; flex-wrap: wrap; }
.switches li { display: flex; flex-wrap: wrap; gap: 8px 12px; align-items: center; padding: 4px 0; }
.switches .mono { min-width: 6em; }
.viewer { display: inline-flex; align-items: center; gap: 10px; color: var(--soft); font-size: 0.9rem; }
.viewer button { padding: 2px 10px; }
.door { max-width: 24rem; width: 100%; margin: 8vh auto 0; display: grid; gap: 14px; }
.stack { display: grid; gap: 12px; }
.stack label { display: grid; gap: 4px; color: var(--soft); font-size: 0.9rem; }
.stack input { color: var(--ink); }
.stack button { background: var(--water-deep); border-color: var(--water-deep); color: var(--card); }
.bad { color: var(--red); }`;

const TOP = `
.top { max-width: 1120px; margin: 0 auto; padding: 16px 20px; display: flex; align-items: center; gap: 16px; }
.brand { display: inline-flex; align-items: center; gap: 10px; font-weight: 650; font-size: 1.15rem; letter-spacing: -0.01em; color: var(--ink); }
.brand:hover { text-decoration: none; }
.logo-gate { fill: var(--ink); }
.logo-wave { fill: none; stroke: var(--water); stroke-width: 2.4; stroke-linecap: round; }
.logo-wave.faint { opacity: 0.45; }
.top nav { margin-left: auto; display: flex; gap: 4px 18px; flex-wrap: wrap; }
.top nav a { color: var(--soft); }
.top nav a:hover { color: var(--ink); }
.live { display: inline-flex; align-items: center; gap: 7px; font-size: 0.85rem; color: var(--soft); }
.beacon { width: 8px; height: 8px; border-radius: 50%; background: var(--aside); }
.live[data-state="live"] .beacon { background: var(--water); animation: breathe 2.4s ease-in-out infinite; }
.live[data-state="away"] .beacon { background: var(--red); }
@keyframes breathe { 50% { opacity: 0.35; } }`;

const FIGURES = `
.headline { display: grid; grid-template-columns: repeat(5, minmax(0, 1fr)); gap: 1px; background: var(--line); border: 1px solid var(--line); border-radius: 14px; overflow: hidden; box-shadow: var(--shadow); }
.figure { background: var(--card); padding: 16px 18px; display: flex; flex-direction: column; }
.figure dt { order: 2; color: var(--soft); font-size: 0.9rem; }
.figure dd { display: contents; }
.figure .value { order: 1; font-size: 1.9rem; line-height: 1.15; font-weight: 620; letter-spacing: -0.02em; font-variant-numeric: tabular-nums; }
.figure .hint { order: 3; color: var(--soft); font-size: 0.8rem; min-height: 1.2em; }
.figure.alarm .value { color: var(--red); }
.chart-head { display: flex; flex-wrap: wrap; align-items: baseline; gap: 2px 12px; margin-bottom: 10px; }
.chart { display: block; width: 100%; height: 72px; overflow: visible; }
.chart rect { fill: var(--water); }
.chart .axis { stroke: var(--line); vector-effect: non-scaling-stroke; }
.chart-axis { display: flex; justify-content: space-between; font-size: 0.8rem; margin-top: 4px; }`;

const TABLES = `
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 0.9rem; }
th { text-align: left; font-weight: 500; color: var(--soft); font-size: 0.82rem; padding: 4px 14px 6px 0; white-space: nowrap; }
td { padding: 7px 14px 7px 0; border-top: 1px solid var(--line); vertical-align: baseline; }
td.num, th.num { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td time { white-space: nowrap; color: var(--soft); }
.part { display: block; max-width: 11rem; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; font-size: 0.83rem; }
td.key { min-width: 16rem; }
.pill { display: inline-block; padding: 0 8px; border-radius: 999px; font-size: 0.8rem; line-height: 1.6; background: var(--sunk); color: var(--soft); white-space: nowrap; }
.pill.s-loaded, .pill.v-pass { background: color-mix(in srgb, var(--water) 14%, transparent); color: var(--water-deep); }
.pill.s-arrived, .pill.s-batched, .pill.s-planned, .pill.s-compacted, .pill.s-judged { background: color-mix(in srgb, var(--flight) 15%, transparent); color: color-mix(in srgb, var(--flight) 62%, var(--ink)); }
.pill.s-held, .pill.v-warn { background: var(--amber-ground); color: var(--held); }
.pill.s-quarantined, .pill.v-fail { background: var(--red-ground); color: var(--red); }
.code { color: var(--red); font-size: 0.78rem; white-space: nowrap; }
.plain { list-style: none; display: grid; gap: 6px; font-size: 0.9rem; }
.findings { list-style: none; display: grid; gap: 12px; }
.findings + h3, .muted + h3 { margin: 18px 0 6px; }
.finding { display: grid; grid-template-columns: 64px minmax(0, 1fr); gap: 10px; align-items: start; font-size: 0.92rem; }
.finding .pill { justify-self: start; }
.finding p.muted { font-size: 0.83rem; overflow-wrap: anywhere; }
.hot { list-style: none; margin: 4px 0; display: grid; gap: 3px; font-size: 0.83rem; }
.hot li { display: grid; grid-template-columns: minmax(40px, 90px) minmax(30px, 1fr) auto; gap: 8px; align-items: center; }
.hot-key { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.hot-bar { width: 100%; height: 6px; border-radius: 3px; overflow: hidden; }
.m-hot { fill: var(--held); }
.queues { list-style: none; display: grid; grid-template-columns: repeat(auto-fill, minmax(150px, 1fr)); gap: 12px 20px; font-size: 0.9rem; }
.queues a { display: block; font-weight: 560; }
.late { color: var(--held); }
.note { font-size: 0.88rem; border-radius: 8px; padding: 4px 10px; background: var(--amber-ground); color: var(--held); }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(220px, 1fr)); gap: 14px 24px; }
.facts dt { color: var(--soft); font-size: 0.83rem; }
.facts dd { overflow-wrap: anywhere; }
.crumbs { font-size: 0.9rem; margin-top: 8px; }
.uri { font-size: 0.88rem; margin-top: -14px; }
.filters { display: flex; flex-wrap: wrap; gap: 12px 20px; align-items: center; }
.filters select, .filters button { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 5px 10px; }
.filters button { background: var(--water-deep); border-color: transparent; color: var(--card); cursor: pointer; }
.way { list-style: none; position: relative; display: grid; gap: 12px; padding-left: 24px; }
.way::before { content: ""; position: absolute; left: 6px; top: 8px; bottom: 8px; width: 2px; background: var(--line); }
.way li { position: relative; }
.way li::before { content: ""; position: absolute; left: -24px; top: 6px; width: 14px; height: 14px; border-radius: 50%; background: var(--card); border: 3px solid var(--aside); }
.way .w-done::before { border-color: var(--water); background: var(--water); }
.way .w-pending::before { border-color: var(--flight); }
.way .w-failed::before { border-color: var(--red); }
.way .w-batch { color: var(--soft); font-size: 0.88rem; }
.way .w-batch::before { visibility: hidden; }`;

const NARROW = `
@media (max-width: 760px) {
  main { padding: 4px 12px 48px; gap: 14px; }
  .top { padding: 12px; flex-wrap: wrap; gap: 8px 14px; }
  .top nav { margin-left: 0; width: 100%; }
  .card { padding: 14px; border-radius: 12px; }
  .headline { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .figure { padding: 12px 14px; }
  .figure:first-child { grid-column: 1 / -1; }
  .two { grid-template-columns: minmax(0, 1fr); gap: 14px; }
}
@media (prefers-reduced-motion: reduce) { *, *::before, *::after { animation: none !important; transition: none !important; } }`;

/** The one style sheet of the console's pages. */
export const STYLE = [COLOURS, GROUND, ACTS, TOP, FIGURES, LANE_STYLE, TABLES, NARROW].join('\n');
