export interface Cell {
  readonly kind: string;
  readonly fault: string;
  readonly often: 'once' | 'always';
  /** `image`, an error's code, `·` if no request got the fault. */
  readonly outcome: string;
  readonly isRight: boolean;
}

/** A row for each fault, a column for each request. A field has the outcome of one fault, and of a permanent one if that differs. */
export function formatTable(title: string, cells: readonly Cell[]): string {
  const kinds = [...new Set(cells.map(({ kind }) => kind))];
  const faults = [...new Set(cells.map(({ fault }) => fault))];
  const find = (fault: string, kind: string, often: Cell['often']): string | undefined =>
    cells.find((cell) => cell.fault === fault && cell.kind === kind && cell.often === often)?.outcome;
  const field = (fault: string, kind: string): string => {
    const once = find(fault, kind, 'once') ?? '';
    const always = find(fault, kind, 'always') ?? '';
    return once === always ? once : `${once} / ${always}`;
  };
  const rows = [[title, ...kinds], ...faults.map((fault) => [fault, ...kinds.map((kind) => field(fault, kind))])];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const lines = rows.map((row) =>
    row
      .map((text, column) => text.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const wrong = cells.filter(({ isRight }) => !isRight).length;
  const struck = cells.filter(({ outcome }) => outcome !== '·').length;
  return `\n${lines.join('\n')}\n${struck} cells in which the fault struck, ${wrong} wrong\n`;
}
