import type { Row } from './row.ts';

/** What a row is to reach: figures of design and issue, as ratios to docker push in the same run, or absolute. */
type Goal =
  | { readonly kind: 'atMost'; readonly factor: number }
  | { readonly kind: 'through' }
  | { readonly kind: 'ms'; readonly limit: number }
  | { readonly kind: 'bytes'; readonly limit: number };

const memoryLimitMb = 100;
const delayLimitMs = 16;

/** `task/tool`; a task counts with every suffix, such as `cold-gitea`. */
const goals: readonly { readonly task: RegExp; readonly tool: RegExp; readonly goal: Goal }[] = [
  { task: /^cold$/, tool: /gzip/, goal: { kind: 'atMost', factor: 0.42 } },
  { task: /^cold-gitea$/, tool: /gzip/, goal: { kind: 'atMost', factor: 0.5 } },
  { task: /^cold$/, tool: /zstd|none/, goal: { kind: 'atMost', factor: 0.4 } },
  { task: /^unchanged/, tool: /^Tea Chest/, goal: { kind: 'atMost', factor: 0.15 } },
  { task: /^(first-change|changed)(-gitea)?$/, tool: /^Tea Chest/, goal: { kind: 'atMost', factor: 1 } },
  { task: /^(cold|first-change|changed)-containerd$/, tool: /^Tea Chest/, goal: { kind: 'atMost', factor: 1.1 } },
  { task: /^cold-podman/, tool: /^Tea Chest/, goal: { kind: 'atMost', factor: 1 } },
  { task: /^gigabit-containerd$/, tool: /^Tea Chest/, goal: { kind: 'atMost', factor: 1 } },
  { task: /^layers-1(-|$)/, tool: /^Tea Chest/, goal: { kind: 'atMost', factor: 1.5 } },
  { task: /^layers-120/, tool: /^Tea Chest/, goal: { kind: 'atMost', factor: 1 } },
  { task: /^slow-link$/, tool: /auto/, goal: { kind: 'atMost', factor: 0.8 } },
  { task: /^(body-limit|gateway-timeout)$/, tool: /^Tea Chest/, goal: { kind: 'through' } },
  { task: /^activation$/, tool: /^Tea Chest/, goal: { kind: 'ms', limit: 50 } },
  { task: /^tree-/, tool: /^Tea Chest/, goal: { kind: 'ms', limit: 150 } },
  { task: /^vsix$/, tool: /^Tea Chest/, goal: { kind: 'bytes', limit: 600e3 } },
];

/** What a row had to reach and whether it did: one sentence per goal. `docker`: docker push at the same task. */
export function verdicts(row: Row, docker: Row | undefined): string[] {
  if (!row.tool.startsWith('Tea Chest')) return [];
  const found = goals.filter(({ task, tool }) => task.test(row.case) && tool.test(row.tool));
  const sentences = found.map(({ goal }) => judge(goal, row, docker?.medianMs ?? null));
  if (row.peakRssMb !== null) sentences.push(below('memory', row.peakRssMb, memoryLimitMb, 'MB'));
  if (row.delayP99Ms !== null) sentences.push(below('delay', row.delayP99Ms, delayLimitMs, 'ms'));
  return sentences.filter((sentence) => sentence !== undefined);
}

function judge(goal: Goal, row: Row, dockerMs: number | null): string | undefined {
  if (goal.kind === 'bytes') return below('size', (row.sizeBytes ?? Infinity) / 1000, goal.limit / 1000, 'kB');
  if (row.medianMs === null) return 'not reached: no result';
  if (goal.kind === 'through') return 'gets through: met';
  if (goal.kind === 'ms') return below('time', row.medianMs, goal.limit, 'ms');
  if (dockerMs === null) return undefined;
  const factor = row.medianMs / dockerMs;
  const wanted = goal.factor === 1 ? 'not slower' : `≤ ${goal.factor}× the time`;
  return factor <= goal.factor ? `${wanted}: met` : `${wanted}: **missed** by ${percent(factor / goal.factor - 1)}`;
}

function below(what: string, value: number, limit: number, unit: string): string {
  const wanted = `${what} < ${limit} ${unit}`;
  return value < limit ? `${wanted}: met` : `${wanted}: **missed** by ${percent(value / limit - 1)}`;
}

function percent(fraction: number): string {
  return `${Math.max(1, Math.round(fraction * 100))} %`;
}
