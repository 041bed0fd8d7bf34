import { format, resolveConfig } from 'prettier';

const [begin, end] = ['<!-- bench:begin -->', '<!-- bench:end -->'];

/** The page with a new part between its marks. */
export function replaceBetweenMarks(page: string, text: string): string {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`The page has no ${begin} … ${end} to write between.`);
  return `${page.slice(0, from + begin.length)}\n\n${text}\n\n${page.slice(to)}`;
}

/** Formatted as Prettier does, so that a new table passes the check. */
export async function formatPage(page: string, file: string): Promise<string> {
  return format(page, { ...(await resolveConfig(file)), filepath: file });
}
