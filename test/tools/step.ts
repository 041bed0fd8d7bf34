/** Tells a person what is being done, while it is done. */
export interface Progress {
  /** What the work is at right now; shown, not kept. */
  report(detail: string): void;
}

const quietMs = 10_000;
const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/**
 * Runs `work` under a title. On a terminal one line moves while it runs; elsewhere a line comes every ten seconds, so
 * that nobody takes a long step for a dead one. Ends with the time it took, or with the failure.
 */
export async function step<T>(title: string, work: (progress: Progress) => Promise<T>): Promise<T> {
  const started = Date.now();
  const seconds = (): string => `${((Date.now() - started) / 1000).toFixed(1)} s`;
  const display = process.stdout.isTTY ? movingLine(title, seconds) : plainLines(title, seconds);
  try {
    const result = await work(display);
    display.end(`✓ ${title} (${seconds()})`);
    return result;
  } catch (error) {
    display.end(`✗ ${title} (${seconds()})`);
    throw error;
  }
}

interface Display extends Progress {
  end(line: string): void;
}

function movingLine(title: string, seconds: () => string): Display {
  let detail = '';
  let frame = 0;
  const draw = (): void => {
    frame = (frame + 1) % frames.length;
    const line = `${frames[frame] ?? ''} ${title} ${seconds()} ${detail}`;
    process.stdout.write(`\r\u001b[2K${line.slice(0, Math.max(20, process.stdout.columns - 1))}`);
  };
  const timer = setInterval(draw, 120);
  draw();
  return {
    report(text) {
      detail = text.trim();
    },
    end(line) {
      clearInterval(timer);
      process.stdout.write(`\r\u001b[2K${line}\n`);
    },
  };
}

function plainLines(title: string, seconds: () => string): Display {
  let detail = '';
  let announced = false;
  const timer = setInterval(() => {
    console.log(announced ? `    ${seconds()} ${detail}` : `… ${title} ${detail}`);
    announced = true;
  }, quietMs);
  return {
    report(text) {
      detail = text.trim().slice(0, 120);
    },
    end(line) {
      clearInterval(timer);
      console.log(line);
    },
  };
}
