import { verdicts } from './goals.ts';
import type { Row, Spent } from './row.ts';

export interface Report {
  readonly date: string;
  /** What was measured on and with, one fact a line. */
  readonly machine: readonly string[];
  readonly titles: ReadonlyMap<string, string>;
  readonly rows: readonly Row[];
}

/** What the others are compared with. */
const enginesPushes: ReadonlySet<string> = new Set(['docker push', 'podman push']);

/** The result as a page of markdown. */
export function toMarkdown({ date, machine, titles, rows }: Report): string {
  const tasks = [...new Set(rows.map((row) => row.case))];
  const parts = [
    `Measured on ${date}.`,
    machine.map((fact) => `- ${fact}`).join('\n'),
    ...tasks.map((task) => section(task, titles.get(task) ?? task, rows)),
    ...spentSection(rows),
  ];
  return parts.join('\n\n');
}

function section(task: string, title: string, all: readonly Row[]): string {
  const rows = all.filter((row) => row.case === task);
  const docker = rows.find(({ tool }) => enginesPushes.has(tool));
  const head = ['tool', 'median', 'engine’s push = 1', 'way', 'bytes sent', 'memory', 'delay p99', 'goals'];
  const lines = rows.map((row) => [
    row.tool,
    [row.medianMs === null ? [] : milliseconds(row.medianMs), row.note ?? []].flat().join('; ') || '–',
    ratio(row, docker),
    ways(row),
    row.sizeBytes === undefined ? bytes(row.uploadedBytes) : bytes(row.sizeBytes),
    row.peakRssMb === null ? '' : `${row.peakRssMb.toFixed(0)} MB`,
    row.delayP99Ms === null ? '' : `${row.delayP99Ms.toFixed(1)} ms`,
    verdicts(row, docker).join('; '),
  ]);
  const runs = [...new Set(rows.map((row) => row.runs))].sort((one, other) => one - other);
  return `### ${title}\n\n\`${task}\`, runs of each: ${runs.join(' or ')}.\n\n${table(head, lines)}`;
}

function spentSection(rows: readonly Row[]): string[] {
  const known = rows.flatMap(({ spent, ...row }) => (spent === undefined ? [] : [{ ...row, spent }]));
  if (known.length === 0) return [];
  const parts = ['before', 'silent', 'reading', 'after', 'cpuMs'] as const satisfies readonly (keyof Spent)[];
  const head = ['task', 'tool', 'way', 'before', 'engine silent', 'reading', 'after', 'CPU time'];
  const lines = known.map((row) => [
    row.case,
    row.tool,
    ways(row),
    ...parts.map((part) => milliseconds(row.spent[part])),
  ]);
  return [`### Where a push spends its time\n\n${spentLegend}\n\n${table(head, lines)}`];
}

const spentLegend = [
  'Means of the runs in which the engine had to give something. Before: until the engine is asked, for an export or to',
  'push. Silent: until the first byte of the export, or the first request of the engine’s push. Reading: until the last',
  'byte, or until the engine is done; compressing and sending go on meanwhile. After: the rest. CPU time: Tea Chest’s',
  'own, all threads.',
].join(' ');

/** `relay`, or `export 1, relay 2` where not all runs went the same way. */
function ways({ ways = {} }: Pick<Row, 'ways'>): string {
  const counts = Object.entries(ways);
  return counts.map(([way, count]) => (counts.length === 1 ? way : `${way} ${count}`)).join(', ');
}

function ratio(row: Row, docker: Row | undefined): string {
  if (row.medianMs === null || docker?.medianMs === null || docker === undefined) return '';
  const factor = row.medianMs / docker.medianMs;
  const faster = factor < 0.95 && row !== docker ? ` (${(1 / factor).toFixed(1)}× as fast)` : '';
  return factor.toFixed(2) + faster;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(escapeCell).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function escapeCell(text: string): string {
  const flat = text.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|').trim();
  return flat.length > 300 ? `${flat.slice(0, 300)}…` : flat;
}

function milliseconds(ms: number): string {
  return ms < 1000 ? `${ms.toFixed(ms < 100 ? 1 : 0)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

function bytes(count: number | null): string {
  if (count === null) return '';
  return count < 1e6 ? `${(count / 1e3).toFixed(1)} kB` : `${(count / 1e6).toFixed(1)} MB`;
}
