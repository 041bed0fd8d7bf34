/** Shows the progress of a task. */
export interface Progress {
  /** The current part of the work; shown until the next one. */
  readonly report: (detail: string) => void;
}

interface Running {
  readonly title: string;
  readonly started: number;
  detail: string;
  /** When a line was last printed for it, where there is no terminal. */
  spoken: number;
}

const quietMs = 10_000;
const frames = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏';
/** Steps under way, oldest first: they may overlap. */
const running = new Set<Running>();
let timer: NodeJS.Timeout | undefined;
let frame = 0;

/**
 * Runs `work` under a title. On a terminal one line moves while it runs; elsewhere a line comes every ten seconds, so
 * that a long step does not look hung. Ends with the time it took, or with the failure.
 */
export async function step<T>(title: string, work: (progress: Progress) => Promise<T>): Promise<T> {
  const current = { title, started: Date.now(), detail: '', spoken: Date.now() };
  begin(current);
  const report = (detail: string): void => {
    current.detail = detail.trim();
  };
  try {
    const result = await work({ report });
    end(current, '✓');
    return result;
  } catch (error) {
    end(current, '✗');
    throw error;
  }
}

/** Prints a line without breaking the moving one. */
export function say(line: string): void {
  if (process.stdout.isTTY) process.stdout.write('\r\u001b[2K');
  console.log(line);
}

function begin(current: Running): void {
  running.add(current);
  timer ??= process.stdout.isTTY ? setInterval(draw, 120) : setInterval(speak, 1_000);
}

function end(current: Running, mark: string): void {
  running.delete(current);
  if (running.size === 0) {
    clearInterval(timer);
    timer = undefined;
  }
  say(`${mark} ${current.title} (${age(current)})`);
}

const age = ({ started }: Running): string => `${((Date.now() - started) / 1000).toFixed(1)} s`;

function draw(): void {
  frame = (frame + 1) % frames.length;
  const parts = [...running].map((current) => `${current.title} ${age(current)} ${current.detail}`);
  const width = (process.stdout.columns || 80) - 1;
  process.stdout.write(`\r\u001b[2K${`${frames.charAt(frame)} ${parts.join(' · ')}`.slice(0, width)}`);
}

function speak(): void {
  for (const current of running) {
    if (Date.now() - current.spoken < quietMs) continue;
    current.spoken = Date.now();
    console.log(`… ${current.title} ${age(current)} ${current.detail.slice(0, 100)}`);
  }
}
