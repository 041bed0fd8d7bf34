/** The next value of an event of VS Code's kind. */
export async function once<T>(event: (listener: (value: T) => unknown) => { dispose(): unknown }): Promise<T> {
  return new Promise((resolve) => {
    const subscription = event((value) => {
      resolve(value);
      // The event may be fired while it is being subscribed to.
      queueMicrotask(() => subscription.dispose());
    });
  });
}
