import { verdicts } from './goals.ts';
import type { Row } from './row.ts';
import type { Phases } from '../rig/teaChestProtocol.ts';

/** What one cold export spent its time on. */
export interface Spent {
  readonly task: string;
  readonly tool: string;
  readonly phases: Phases;
  readonly cpuMs: number;
}

export interface Report {
  readonly date: string;
  /** What was measured on and with, one fact a line. */
  readonly machine: readonly string[];
  readonly titles: ReadonlyMap<string, string>;
  readonly rows: readonly Row[];
  readonly spent: readonly Spent[];
}

/** The result as a page of markdown. */
export function toMarkdown({ date, machine, titles, rows, spent }: Report): string {
  const tasks = [...new Set(rows.map((row) => row.case))];
  const parts = [
    `Measured on ${date}.`,
    machine.map((fact) => `- ${fact}`).join('\n'),
    ...tasks.map((task) => section(task, titles.get(task) ?? task, rows)),
    ...(spent.length === 0 ? [] : [spentSection(spent)]),
  ];
  return parts.join('\n\n');
}

function section(task: string, title: string, all: readonly Row[]): string {
  const rows = all.filter((row) => row.case === task);
  const docker = rows.find(({ tool }) => tool === 'docker push');
  const head = ['tool', 'median', 'docker push = 1', 'bytes sent', 'memory', 'delay p99', 'goals'];
  const lines = rows.map((row) => [
    row.tool,
    row.medianMs === null ? (row.note ?? '–') : milliseconds(row.medianMs),
    ratio(row, docker),
    row.sizeBytes === undefined ? bytes(row.uploadedBytes) : bytes(row.sizeBytes),
    row.peakRssMb === null ? '' : `${row.peakRssMb.toFixed(0)} MB`,
    row.delayP99Ms === null ? '' : `${row.delayP99Ms.toFixed(1)} ms`,
    verdicts(row, docker).join('; '),
  ]);
  const runs = [...new Set(rows.map((row) => row.runs))].sort((one, other) => one - other);
  return `### ${title}\n\n\`${task}\`, runs of each: ${runs.join(' or ')}.\n\n${table(head, lines)}`;
}

function spentSection(spent: readonly Spent[]): string {
  const head = ['task', 'tool', 'before', 'engine silent', 'reading', 'after', 'CPU time'];
  const groups = Map.groupBy(spent, ({ task, tool }) => `${task}|${tool}`);
  const lines = [...groups.values()].map((group) => {
    const mean = (pick: (one: Spent) => number): string =>
      milliseconds(group.reduce((sum, one) => sum + pick(one), 0) / group.length);
    return [
      group[0]?.task ?? '',
      group[0]?.tool ?? '',
      mean(({ phases }) => phases.before),
      mean(({ phases }) => phases.silent),
      mean(({ phases }) => phases.reading),
      mean(({ phases }) => phases.after),
      mean(({ cpuMs }) => cpuMs),
    ];
  });
  return `### Where an export spends its time\n\nMeans. Before: until the engine is asked. Silent: until its first byte. Reading: until its last, compressing and sending on the way. After: the rest. CPU time: Tea Chest’s own, all threads.\n\n${table(head, lines)}`;
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
