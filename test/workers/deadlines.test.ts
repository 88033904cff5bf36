import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { joinDeadline } from '../../src/workers/deadlines.js';

/** Long enough for the time to join to outlast any pause of this process. */
const LONG_MS = 10 * 86_400_000;

const listenersOf = (signal: AbortSignal) => getEventListeners(signal, 'abort').length;

test('jobs that begin at once share one signal and one listener, those that follow an empty moment too', () => {
  const stopping = new AbortController().signal;
  const first = joinDeadline(stopping, LONG_MS);
  const second = joinDeadline(stopping, LONG_MS);
  first.end();
  second.end();
  const third = joinDeadline(stopping, LONG_MS);
  expect(second.signal).toBe(first.signal);
  expect(third.signal).toBe(first.signal);
  expect(listenersOf(stopping)).toBe(1);
});

test('another length of time is another deadline, and so is that of another worker', () => {
  const stopping = new AbortController().signal;
  const first = joinDeadline(stopping, LONG_MS);
  const longer = joinDeadline(stopping, 2 * LONG_MS);
  const elsewhere = joinDeadline(new AbortController().signal, 2 * LONG_MS);
  expect(new Set([first.signal, longer.signal, elsewhere.signal]).size).toBe(3);
});

test('a deadline is forgotten with its last job once another one is open, and before that when it has none', () => {
  const stopping = new AbortController().signal;
  const first = joinDeadline(stopping, LONG_MS);
  const second = joinDeadline(stopping, 2 * LONG_MS);
  expect(listenersOf(stopping)).toBe(2);
  first.end();
  expect(listenersOf(stopping)).toBe(1);
  second.end();
  joinDeadline(stopping, LONG_MS);
  expect(listenersOf(stopping)).toBe(1);
});

test('a job outlives the end of one that shares its signal, and is stopped with the worker', () => {
  const stopping = new AbortController();
  const [short, long] = [joinDeadline(stopping.signal, LONG_MS), joinDeadline(stopping.signal, LONG_MS)];
  short.end();
  expect(long.signal.aborted).toBe(false);
  stopping.abort('shutdown');
  expect(long.signal.reason).toBe('shutdown');
  expect(joinDeadline(stopping.signal, LONG_MS).signal.aborted).toBe(true);
});

test('a job that begins after the time to join is over has all of its own time', async () => {
  const stopping = new AbortController().signal;
  const first = joinDeadline(stopping, 20);
  const late = new Promise((resolve) => first.signal.addEventListener('abort', resolve, { once: true }));
  // Deadlines keep no process alive.
  const awake = setInterval(() => {}, 1000);
  await late;
  clearInterval(awake);
  expect(first.signal.reason).toMatchObject({ code: 'JOB_DEADLINE' });
  expect(joinDeadline(stopping, 20).signal.aborted).toBe(false);
});
