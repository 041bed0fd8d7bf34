// Runs inside a real extension host (VS Code's own test interface): how long the extension takes to be there, and how
// long the Images view takes for the first answer about an engine with thousands of images.
import { SyncStates } from '../../src/host/sync/syncStates.ts';
import { writeFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import * as vscode from 'vscode';
import { engineFinder } from '../../src/host/engine/engineFinder.ts';
import { EngineLink } from '../../src/host/engine/engine.ts';
import { ImageList } from '../../src/host/engine/imageList.ts';
import { ImagesView } from '../../src/host/views/images/imagesView.ts';
import { silentLogger } from '../../test/tools/silentLogger.ts';
import { measureVariables, type HostFigures } from './protocol.ts';

export async function run(): Promise<void> {
  const { [measureVariables.engine]: engine, [measureVariables.out]: out } = process.env;
  if (engine === undefined || out === undefined) throw new Error('Nobody said what to measure.');
  const figures: HostFigures = {
    vscode: vscode.version,
    node: process.version,
    activationMs: await activation(),
    ...(await quiet().then(() => tree(engine))),
  };
  await writeFile(out, JSON.stringify(figures));
}

/**
 * Loading the code and running `activate`, as VS Code itself counts it for “Startup Performance”. From outside, its
 * messages to the window and back would be counted as well.
 */
async function activation(): Promise<number> {
  const id = 'tea-chest.tea-chest';
  const extension = vscode.extensions.getExtension(id);
  if (extension === undefined) throw new Error('VS Code does not know the extension.');
  if (extension.isActive) throw new Error('The extension was active before it could be measured.');
  await extension.activate();
  const marks = (globalThis as HostGlobals).MonacoPerformanceMarks?.getMarks() ?? [];
  const at = (what: string): number => {
    const mark = marks.findLast(({ name }) => name === `code/extHost/${what}/${id}`);
    if (mark === undefined) throw new Error(`This VS Code does not say when it ${what}.`);
    return mark.startTime;
  };
  const loading = at('didLoadExtensionCode') - at('willLoadExtensionCode');
  return loading + at('didActivateExtension') - at('willActivateExtension');
}

/** Where VS Code keeps its own performance marks. */
interface HostGlobals {
  readonly MonacoPerformanceMarks?: { getMarks(): readonly { readonly name: string; readonly startTime: number }[] };
}

/**
 * Resolves once the extension host has done nothing else for a while: after its start VS Code's own extensions open
 * connections, for which all certificates of the system are read (more than 100 ms).
 */
async function quiet(): Promise<void> {
  for (let calm = 0; calm < 20;) {
    const startedAt = performance.now();
    await setTimeout(100);
    calm = performance.now() - startedAt < 105 ? calm + 1 : 0;
  }
}

/** From an empty view to its rows: asks the engine for images and containers, sorts, makes the tree's items. */
async function tree(host: string): Promise<Pick<HostFigures, 'treeMs' | 'treeRows'>> {
  const link = new EngineLink(engineFinder(() => ({ host }), silentLogger));
  const images = new ImageList(link, silentLogger, () => {
    view.update();
  });
  const sync = new SyncStates({
    destinationOf: () => undefined,
    read: () => Promise.reject(new Error('no image has a target')),
    onChange: () => undefined,
    now: Date.now,
  });
  const view = new ImagesView({ images, link, showDangling: () => false, sync });
  try {
    const startedAt = performance.now();
    images.setVisible(true);
    const rows = await view.getChildren();
    for (const row of rows) view.getTreeItem(row);
    const treeMs = performance.now() - startedAt;
    return { treeMs, treeRows: rows.length };
  } finally {
    view.dispose();
    images.dispose();
    link.dispose();
  }
}
