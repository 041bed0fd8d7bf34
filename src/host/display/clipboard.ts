import * as vscode from 'vscode';
import { isReferenceText } from '../../core/oci/imageReference.ts';

/** Copies references, one per line. Leaves out what is no valid reference: a pasted line may run in a shell. */
export async function copyReferences(references: readonly string[]): Promise<void> {
  await copyLines(references.filter(isReferenceText));
}

/** Copies each image ID once, one per line. */
export async function copyImageIds(ids: readonly string[]): Promise<void> {
  await copyLines([...new Set(ids)].filter((id) => /^sha256:[0-9a-f]{64}$/.test(id)));
}

/** Copies the command that pulls an image. Copies nothing if `reference` is not valid. */
export async function copyPullCommand(reference: string): Promise<void> {
  if (isReferenceText(reference)) await copyLines([`docker pull ${reference}`]);
}

async function copyLines(lines: readonly string[]): Promise<void> {
  if (lines.length > 0) await vscode.env.clipboard.writeText(lines.join('\n'));
}
