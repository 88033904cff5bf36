/** A series that an expression asks for, with the labels of its matchers. */
export interface Selector {
  readonly metric: string;
  readonly labels: readonly string[];
}

/** What an expression names. */
export interface PromqlNames {
  readonly selectors: readonly Selector[];
  /** Labels of `by`, `without`, `on` and `ignoring`. */
  readonly grouped: readonly string[];
}

const FUNCTIONS = new Set([
  'absent',
  'avg',
  'clamp_min',
  'count',
  'delta',
  'histogram_quantile',
  'increase',
  'max',
  'min',
  'rate',
  'sum',
]);
const OPERATORS = new Set(['and', 'or', 'unless', 'bool', 'offset']);
const GROUPINGS = new Set(['by', 'without', 'on', 'ignoring']);
const TOKEN =
  /\s+|("(?:[^"\\]|\\.)*")|(\d+(?:\.\d+)?(?:e\d+)?(?:ms|[smhdwy])?)|([A-Za-z_:][\w:]*)|(==|!=|>=|<=|=~|!~|[-+*/%^><=(),{}[\]])/gy;

interface Token {
  readonly kind: 'text' | 'number' | 'word' | 'sign';
  readonly text: string;
}

/** The names in a PromQL expression. Strict: what it does not know (a function, a character, a bracket left open) throws. */
export function namesOf(expression: string): PromqlNames {
  const tokens = tokenize(expression);
  const selectors: Selector[] = [];
  const grouped: string[] = [];
  const open: string[] = [];
  for (let at = 0; at < tokens.length; at++) {
    const { kind, text } = tokens[at]!;
    if (kind === 'sign') {
      if ('([{'.includes(text)) open.push(text);
      else if (')]}'.includes(text) && open.pop() !== '([{'[')]}'.indexOf(text)])
        throw new Error(`expected brackets that match in ${expression}`);
    }
    if (kind !== 'word' || OPERATORS.has(text)) continue;
    const next = tokens[at + 1]?.text;
    if (GROUPINGS.has(text)) {
      const list = until(tokens, at + 1, '(', ')');
      grouped.push(...list.filter((token) => token.kind === 'word').map((token) => token.text));
      at += list.length + 2;
    } else if (next === '(' || (GROUPINGS.has(next ?? '') && FUNCTIONS.has(text))) {
      if (!FUNCTIONS.has(text)) throw new Error(`expected a known function, got ${text} in ${expression}`);
    } else {
      const matchers = next === '{' ? until(tokens, at + 1, '{', '}') : [];
      selectors.push({
        metric: text,
        labels: matchers.filter((token) => token.kind === 'word').map((token) => token.text),
      });
      if (next === '{') at += matchers.length + 2;
    }
  }
  if (open.length > 0 || selectors.length === 0) throw new Error(`expected a whole expression, got ${expression}`);
  return { selectors, grouped };
}

function tokenize(expression: string): readonly Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < expression.length) {
    const from = TOKEN.lastIndex;
    const match = TOKEN.exec(expression);
    if (match === null) throw new Error(`expected PromQL, got "${expression.slice(from)}" in ${expression}`);
    const [, text, number, word, sign] = match;
    if (text !== undefined) tokens.push({ kind: 'text', text });
    else if (number !== undefined) tokens.push({ kind: 'number', text: number });
    else if (word !== undefined) tokens.push({ kind: 'word', text: word });
    else if (sign !== undefined) tokens.push({ kind: 'sign', text: sign });
  }
  return tokens;
}

function until(tokens: readonly Token[], from: number, begin: string, end: string): readonly Token[] {
  const last = tokens.findIndex(({ text }, at) => at > from && text === end);
  if (tokens[from]?.text !== begin || last < 0) throw new Error(`expected ${begin} and ${end}`);
  return tokens.slice(from + 1, last);
}
