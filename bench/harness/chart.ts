import type { Result } from './result.js';

const ROW = 26;
const LEFT = 300;
const UNIT = 130;
const WIDTH = 900;
/** Bars end here, whatever they measure. */
const MOST = 4;

/** A chart of every measured figure against its goal: a bar that ends left of the line met it. */
export function renderChart(results: readonly Result[]): string {
  const shown = results.filter(({ ratio, goal }) => ratio !== null && goal !== null);
  const height = ROW * shown.length + 60;
  const bars = shown.map((result, index) => bar(result, 40 + index * ROW)).join('\n');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="12">
<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>
<text x="${LEFT}" y="20" fill="#555555">distance from the goal, as a share of it (left of the line: met)</text>
${bars}
<line x1="${LEFT + UNIT}" x2="${LEFT + UNIT}" y1="28" y2="${height - 14}" stroke="#222222" stroke-dasharray="4 3"/>
</svg>
`;
}

function bar({ name, ratio, goal, direction, met, unit }: Result, top: number): string {
  const share = direction === 'at most' ? (ratio ?? 0) / (goal ?? 1) : (goal ?? 1) / (ratio ?? 1);
  const length = Math.round(Math.min(share, MOST) * UNIT);
  const value = unit.endsWith('ratio') ? `${ratio}` : `${ratio} ${unit}`;
  return `<text x="${LEFT - 8}" y="${top + 14}" text-anchor="end">${name}</text>
<rect x="${LEFT}" y="${top + 3}" width="${length}" height="${ROW - 10}" fill="${met === true ? '#2e7d32' : '#c77700'}"/>
<text x="${LEFT + Math.max(length, UNIT) + 6}" y="${top + 14}" fill="#333333">${value} (goal ${direction} ${goal})</text>`;
}
