/** A metric family as a scrape shows it. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  /** Names of its series: of a histogram `_bucket`, `_sum`, `_count`. */
  readonly series: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Reads the Prometheus text format: families by name, each with the labels that its series carry. */
export function readExposition(text: string): ReadonlyMap<string, Family> {
  const families = new Map<string, { name: string; help: string; type: string; series: Map<string, Set<string>> }>();
  const familyOf = (name: string) => {
    const found = families.get(name) ?? { name, help: '', type: '', series: new Map<string, Set<string>>() };
    families.set(name, found);
    return found;
  };
  for (const line of text.split('\n')) {
    const [, word, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (word === 'HELP') familyOf(name).help = rest;
    if (word === 'TYPE') familyOf(name).type = rest;
    if (line === '' || line.startsWith('#')) continue;
    const [, series = '', labels = ''] = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})? \S+/.exec(line) ?? [];
    const owner = [series, series.replace(/_(bucket|sum|count)$/, '')].find((known) => families.has(known));
    if (owner === undefined) throw new Error(`expected HELP and TYPE before ${line}`);
    const known = familyOf(owner).series.get(series) ?? new Set<string>();
    for (const [, label = ''] of labels.matchAll(/(\w+)="(?:[^"\\]|\\.)*"/g)) known.add(label);
    familyOf(owner).series.set(series, known);
  }
  return families;
}
