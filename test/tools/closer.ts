/** Closes all that was opened, once, in reverse order. */
export interface Closer {
  /** Adds a function that undoes something. If closing has begun, it is called at once. */
  add(undo: () => Promise<void> | void): void;
  /** Undoes everything, also after a failure of a part. */
  close(): Promise<void>;
}

export function createCloser(): Closer {
  const undos: (() => Promise<void> | void)[] = [];
  let closing: Promise<void> | undefined;

  async function undoAll(): Promise<void> {
    const failures: unknown[] = [];
    for (let undo = undos.pop(); undo !== undefined; undo = undos.pop()) {
      try {
        await undo();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'Not everything could be stopped.');
  }

  return {
    add(undo) {
      undos.push(undo);
      if (closing !== undefined) closing = closing.then(undoAll);
    },
    async close() {
      closing ??= undoAll();
      // Something may be added while we wait.
      for (let seen: unknown; seen !== closing;) {
        seen = closing;
        await closing;
      }
    },
  };
}

/**
 * Resolves when this process is asked to stop: by Ctrl-C, a signal, or the death of the process that started it (`npm`
 * and its shell end at a SIGTERM without forwarding it, so we would get no signal).
 */
export function stopRequested(): Promise<string> {
  return new Promise((resolve) => {
    // The listeners stay: a second Ctrl-C must not end the cleanup.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        resolve(signal);
      });
    }
    const parent = process.ppid;
    setInterval(() => {
      if (process.ppid !== parent) resolve('the end of the process that started this one');
    }, 500).unref();
  });
}
