/**
 * The one script of the console's pages. It shows times in the reader's zone, and keeps a page with `data-live` up to date: the server
 * sends the markup of each part that changed, escaped there; files glide from gate to gate. Without it the pages still tell everything.
 */
export const SCRIPT = `'use strict';
(() => {
  const still = matchMedia('(prefers-reduced-motion: reduce)');

  function ago(at) {
    const seconds = Math.round((Date.now() - at) / 1000);
    if (seconds < 5) return 'just now';
    if (seconds < 60) return seconds + ' s ago';
    if (seconds < 3600) return Math.floor(seconds / 60) + ' min ago';
    const date = new Date(at);
    const sameDay = date.toDateString() === new Date().toDateString();
    return date.toLocaleString(undefined, sameDay ? { timeStyle: 'medium' } : { dateStyle: 'medium', timeStyle: 'short' });
  }

  function showTimes(root) {
    for (const time of root.querySelectorAll('time')) {
      const at = Date.parse(time.dateTime);
      time.title = new Date(at).toLocaleString();
      const text = ago(at);
      if (time.textContent !== text) time.textContent = text;
    }
  }

  /** Replaces a part; what keeps its key glides from its old place to its new one, what is new fades in. */
  function replace(place, markup) {
    const before = new Map();
    for (const item of place.querySelectorAll('[data-key]')) before.set(item.dataset.key, item.getBoundingClientRect());
    const focused = place.contains(document.activeElement) ? document.activeElement.getAttribute('href') : null;
    const first = place.childElementCount === 0;
    place.innerHTML = markup;
    showTimes(place);
    if (focused !== null) for (const link of place.querySelectorAll('a')) if (link.getAttribute('href') === focused) { link.focus({ preventScroll: true }); break; }
    if (still.matches || first || document.hidden) return;
    for (const item of place.querySelectorAll('[data-key]')) {
      const from = before.get(item.dataset.key);
      const to = item.getBoundingClientRect();
      if (from === undefined) item.animate([{ opacity: 0, transform: 'translateX(-14px)' }, { opacity: 1, transform: 'none' }], { duration: 420, easing: 'ease-out' });
      else if (from.left !== to.left || from.top !== to.top)
        item.animate([{ transform: 'translate(' + (from.left - to.left) + 'px,' + (from.top - to.top) + 'px)' }, { transform: 'none' }], { duration: 480, easing: 'cubic-bezier(.3,.7,.2,1)' });
    }
  }

  let said = 0;
  function announce(text) {
    const place = document.getElementById('announce');
    if (place === null || Date.now() - said < 10000) return;
    said = Date.now();
    place.textContent = text;
  }

  function tell(state, text) {
    const live = document.getElementById('live');
    if (live === null) return;
    live.dataset.state = state;
    live.querySelector('.live-text').textContent = text;
  }

  function watch(url) {
    const source = new EventSource(url);
    source.addEventListener('open', () => tell('live', 'live'));
    source.addEventListener('error', () => tell('away', source.readyState === EventSource.CLOSED ? 'ended: reload the page' : 'reconnecting'));
    source.addEventListener('away', () => tell('away', 'the ledger does not answer'));
    source.addEventListener('parts', (event) => {
      const { parts, summary } = JSON.parse(event.data);
      tell('live', 'live');
      for (const [id, markup] of parts) {
        const place = document.getElementById(id);
        if (place === null) return location.reload();
        replace(place, markup);
      }
      announce(summary);
    });
  }

  showTimes(document);
  setInterval(() => { if (!document.hidden) showTimes(document); }, 1000);
  if (document.body.dataset.live) watch(document.body.dataset.live);
})();
`;
