/** What was opened, closed again in reverse order: once, whoever asks first. */
export interface Closer {
  /** Remembers how to undo something; a thing added after the closing began is undone at once. */
  add(undo: () => Promise<void> | void): void;
  /** Undoes everything; a failing part does not keep the rest from being undone. */
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
 * and its shell die of a SIGTERM without passing it on, so that waiting for our own signal would leave us running).
 */
export function stopRequested(): Promise<string> {
  return new Promise((resolve) => {
    // Listeners stay: a second Ctrl-C while things are being stopped must not kill us half-way.
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
