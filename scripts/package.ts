// npm run package: the VSIX, ready to be installed by `code --install-extension` or published; prints what is in it.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { projectRoot } from '../test/tools/projectPaths.ts';
import { step } from '../test/tools/step.ts';
import { packageExtension } from './packaging/packageExtension.ts';

const { name, version } = JSON.parse(await readFile(join(projectRoot, 'package.json'), 'utf8')) as {
  name: string;
  version: string;
};
const file = `${name}-${version}.vsix`;
const { size, files } = await step(`Packing ${file}`, () => packageExtension(join(projectRoot, file)));

const kilobytes = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`;
for (const entry of files) {
  console.log(
    `  ${kilobytes(entry.compressedSize).padStart(10)}  (${kilobytes(entry.size).padStart(10)})  ${entry.path}`,
  );
}
console.log(`${file}: ${kilobytes(size)}, ${files.length} files`);
