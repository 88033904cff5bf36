// Health check of the image: asks the part that runs in this container, whichever it is, whether it is alive.
// Ports: intake, a worker's probes, the console's monitoring, the console.
const PORTS = [8080, 9090, 9091, 8081];

for (const port of PORTS) {
  try {
    const { ok } = await fetch(`http://127.0.0.1:${port}/healthz`, { signal: AbortSignal.timeout(3000) });
    process.exit(ok ? 0 : 1);
  } catch {
    // nobody listens here
  }
}
process.exit(1);
