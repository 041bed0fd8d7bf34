import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { build } from 'esbuild';

import { projectRoot } from '../../tools/projectPaths.ts';
import { containerToolsManifest } from '../containerTools/manifest.ts';

const folder = join(projectRoot, 'dist-test');

/**
 * Bundles the agent for the extension host, which cannot strip types, into dist-test/ of the checkout: VS Code
 * loads a test only from inside the extension under development.
 */
export function bundleAgent(): Promise<string> {
  return bundle(join(folder, 'agent.cjs'));
}

/** The agent as an extension of its own; returns its folder. */
export async function bundleAgentExtension(): Promise<string> {
  const extension = join(folder, 'agent-extension');
  await mkdir(extension, { recursive: true });
  const manifest = {
    name: 'test-agent',
    publisher: 'tea-chest',
    version: '0.0.0',
    engines: { vscode: '^1.105.0' },
    main: './agent.cjs',
    activationEvents: ['onStartupFinished'],
    extensionKind: ['workspace'],
  };
  await writeFile(join(extension, 'package.json'), JSON.stringify(manifest, undefined, 2));
  await bundle(join(extension, 'agent.cjs'));
  return extension;
}

/** The host of Container Tools' contract as an extension; returns its folder. */
export async function bundleContainerTools(): Promise<string> {
  const extension = join(folder, 'container-tools');
  await mkdir(extension, { recursive: true });
  await writeFile(join(extension, 'package.json'), JSON.stringify(containerToolsManifest, undefined, 2));
  await copyFile(join(projectRoot, 'media', 'activity-bar.svg'), join(extension, 'icon.svg'));
  await bundle(join(extension, 'extension.cjs'), join(import.meta.dirname, '../containerTools/extension.ts'));
  return extension;
}

async function bundle(outfile: string, entry = join(import.meta.dirname, 'agent.ts')): Promise<string> {
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node22',
    external: ['vscode'],
    sourcemap: 'inline',
    logLevel: 'warning',
  });
  return outfile;
}
