import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import ts from 'typescript';
import { projectRoot } from './projectPaths.ts';

/** Installs the files of the package tea-chest-api, as npm would, into a folder. */
export async function installApiPackage(folder: string): Promise<void> {
  const source = join(projectRoot, 'api');
  const installed = join(folder, 'node_modules', 'tea-chest-api');
  const { files } = JSON.parse(await readFile(join(source, 'package.json'), 'utf8')) as { readonly files: string[] };
  await rm(installed, { recursive: true, force: true });
  await mkdir(installed, { recursive: true });
  for (const file of ['package.json', ...files]) await cp(join(source, file), join(installed, file));
}

/**
 * Compiles an extension in this folder against the installed package, with every check on, the package's own types
 * included. Gives the errors of the compiler.
 */
export function compileAgainstApi(file: string): readonly string[] {
  const program = ts.createProgram([file], {
    ...{ strict: true, noEmit: true, exactOptionalPropertyTypes: true, skipLibCheck: false },
    ...{ target: ts.ScriptTarget.ES2023, lib: ['lib.es2024.d.ts'], module: ts.ModuleKind.Node20 },
    ...{ moduleResolution: ts.ModuleResolutionKind.Node16, types: ['vscode'] },
    typeRoots: [join(projectRoot, 'node_modules', '@types')],
  });
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ messageText, file: at }) => `${at?.fileName ?? ''}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`);
}

/** The sample extension, compiled and bundled; returns its folder. */
export async function buildSampleExtension(): Promise<string> {
  const folder = join(projectRoot, 'dist-test', 'sample-extension');
  await mkdir(folder, { recursive: true });
  await installApiPackage(folder);
  const source = join(folder, 'extension.ts');
  await cp(join(projectRoot, 'test', 'e2e', 'sampleExtension', 'extension.ts'), source);
  const manifest = {
    ...{ name: 'sample', publisher: 'tea-chest-sample', version: '0.0.0', main: './extension.cjs' },
    engines: { vscode: '^1.105.0' },
    activationEvents: ['onStartupFinished'],
    extensionKind: ['workspace'],
    extensionDependencies: ['tea-chest.tea-chest'],
  };
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest, undefined, 2));
  const errors = compileAgainstApi(source);
  if (errors.length > 0) throw new Error(`The sample extension does not compile:\n${errors.join('\n')}`);
  await build({
    ...{ entryPoints: [source], outfile: join(folder, 'extension.cjs'), bundle: true },
    ...{ platform: 'node', format: 'cjs', target: 'node22', external: ['vscode'], logLevel: 'warning' },
  });
  return folder;
}
