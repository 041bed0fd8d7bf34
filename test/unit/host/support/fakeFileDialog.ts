import { Uri } from './fakeUri.ts';

const chosenFiles: string[] = [];

/** Chooses this file in the next dialog for files. Others are closed. */
export function chooseFileOnce(path: string): void {
  chosenFiles.push(path);
}

/** As on a remote machine, where it is a quick input, and hides the one that is shown. */
export function showFileDialog(shown: { leave(): void } | undefined): Promise<readonly Uri[] | undefined> {
  shown?.leave();
  const path = chosenFiles.shift();
  return Promise.resolve(path === undefined ? undefined : [Uri.file(path)]);
}
