import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';

import { projectRoot } from '../tools/projectPaths.ts';
import { matrixEngines, type EngineId } from './engineList.ts';
import { enginesByWay, expectedCell, isWorse, kindsByWay, type Expectation } from './expected.ts';
import type { ImageKind } from './kinds/imageKind.ts';
import type { Cell, Outcome } from './pushCell.ts';
import { ways, type Way } from './ways.ts';

/** By `cellName`. */
export type Cells = Map<string, Cell>;

export const cellName = (id: EngineId, way: Way | 'socket', kind: string): string => `${id} ${way} ${kind}`;

const texts: Readonly<Record<Outcome, string>> = {
  same: 'same digest',
  equal: 'equal',
  platform: 'one platform',
  refused: 'refused',
  engine: '–',
  wrong: 'wrong',
};

/**
 * Prints the matrix, and what is better than expected. Writes docs/engines.md if every cell that was tried is as expected and
 * no engine was missing: so a cell that this run did not try has in the document what an earlier one, with `--large`, found.
 */
export async function report(
  cells: Cells,
  kinds: readonly ImageKind[],
  obstacles: ReadonlyMap<EngineId, string | undefined>,
): Promise<void> {
  const found: Lookup = (id, way, kind) => {
    const cell = cells.get(cellName(id, way, kind));
    return cell === undefined ? 'not tried' : texts[cell.outcome];
  };
  print(tableOf(kinds, found));
  print(wayTable(found));
  for (const { id, title } of matrixEngines) {
    const obstacle = obstacles.get(id);
    if (obstacle !== undefined) print([`${title}: not tried. ${obstacle}`]);
  }
  const differing = differences(cells, kinds);
  print(differing);
  const isWhole = matrixEngines.every(({ id }) => kinds.some(({ name }) => cells.has(cellName(id, 'socket', name))));
  if (differing.length > 0 || !isWhole) return;
  const file = join(projectRoot, 'docs', 'engines.md');
  const style = await resolveConfig(file);
  await writeFile(file, await format(document(kinds), { ...style, parser: 'markdown' }));
}

function print(lines: readonly string[] | readonly (readonly string[])[]): void {
  for (const line of lines) process.stdout.write(`${typeof line === 'string' ? line : line.join(' | ')}\n`);
}

type Lookup = (id: EngineId, way: Way | 'socket', kind: string) => string;

function tableOf(kinds: readonly ImageKind[], lookup: Lookup): string[][] {
  const head = ['image', ...matrixEngines.map(({ title }) => title)];
  return [head, ...kinds.map(({ name }) => [name, ...matrixEngines.map(({ id }) => lookup(id, 'socket', name))])];
}

function wayTable(lookup: Lookup): string[][] {
  const titled = matrixEngines.filter(({ id }) => enginesByWay.includes(id));
  const head = ['image', ...titled.flatMap(({ title }) => ways.map((way) => `${title}, by ${way}`))];
  const rows = kindsByWay.map((kind) => [
    kind,
    ...titled.flatMap(({ id }) => ways.map((way) => lookup(id, way, kind))),
  ]);
  return [head, ...rows];
}

function differences(cells: Cells, kinds: readonly ImageKind[]): string[] {
  const lines: string[] = [];
  const compare = (id: EngineId, way: Way | 'socket', kind: string, expected: Expectation): void => {
    const cell = cells.get(cellName(id, way, kind));
    if (cell === undefined) return;
    const isAsExpected = cell.outcome === expected.outcome && !isWorse(cell, expected);
    if (isAsExpected) return;
    const what = isWorse(cell, expected) ? 'worse' : 'better';
    lines.push(`${what} than test/engines/expected.ts says: ${kind}, ${id} by ${way}: ${cell.outcome}. ${cell.words}`);
  };
  for (const { name } of kinds) {
    for (const { id } of matrixEngines) compare(id, 'socket', name, expectedCell(name, id));
  }
  for (const kind of kindsByWay) {
    for (const id of enginesByWay) for (const way of ways) compare(id, way, kind, expectedCell(kind, id));
  }
  return lines;
}

const introduction = `# Engines and images

Made by \`npm run test:engines\`; please change test/engines instead of this file.

Each kind of image is loaded into each engine, pushed to a registry that behaves as Gitea 1.26 with the default settings,
copied by skopeo, and compared with the source: every digest, every size, and every layer uncompressed. One push of each kind
is pulled by another Docker as well.

| in the table | means                                                                                                   |
| ------------ | ------------------------------------------------------------------------------------------------------- |
| same digest  | the manifest or index has the digest of the source, and so has every blob                                |
| equal        | the config is the source's, and so is every layer uncompressed; the manifest is Tea Chest's or the engine's own |
| one platform | one platform of an index                                                                                 |
| refused      | the push ends with an error                                                                              |
| –            | the engine does not take such an image                                                                   |
| wrong        | a fault of Tea Chest                                                                                     |
`;

/** The table by expected.ts, which the cells agree with. */
function document(kinds: readonly ImageKind[]): string {
  const notes = new Notes();
  const bySocket = tableOf(kinds, (id, _, kind) => notes.cell(expectedCell(kind, id)));
  const byWay = wayTable((id, _, kind) => notes.cell(expectedCell(kind, id)));
  const abouts = kinds.map(({ name, about }) => `- **${name}**: ${about}`);
  const sections = [
    introduction,
    ...['## By the engine’s socket', markdown(bySocket)],
    ...['## By tcp, TLS, ssh and a docker context', markdown(byWay)],
    ...['## Why', notes.list()],
    ...['## The images', abouts.join('\n')],
  ];
  return sections.join('\n\n');
}

/** Numbers reasons, each one once. */
class Notes {
  readonly #reasons: string[] = [];

  cell({ outcome, reason }: Expectation): string {
    if (reason === undefined) return texts[outcome];
    if (!this.#reasons.includes(reason)) this.#reasons.push(reason);
    return `${texts[outcome]} (${this.#reasons.indexOf(reason) + 1})`;
  }

  list(): string {
    return this.#reasons.map((reason, at) => `${at + 1}. ${reason}`).join('\n');
  }
}

function markdown([head = [], ...rows]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
