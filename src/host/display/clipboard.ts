import * as vscode from 'vscode';
import { isDigest } from '../../core/oci/digest.ts';
import { isReferenceText } from '../../core/oci/imageReference.ts';

/** Copies references, one per line. Leaves out what is no valid reference: a pasted line may run in a shell. */
export async function copyReferences(references: readonly string[]): Promise<void> {
  await copyLines(references.filter(isReferenceText));
}

/** Copies each image ID once, one per line. */
export async function copyImageIds(ids: readonly string[]): Promise<void> {
  await copyLines([...new Set(ids)].filter((id) => /^sha256:[0-9a-f]{64}$/.test(id)));
}

/** Copies digests, one per line. */
export async function copyDigests(digests: readonly string[]): Promise<void> {
  await copyLines([...new Set(digests)].filter(isDigest));
}

/** Where a reference is pasted. */
export type LineKind = 'docker' | 'podman' | 'kubernetes' | 'compose' | 'dockerfile';

/** The line of a command, a manifest or a file that names an image; undefined if `reference` is not valid. */
function imageLine(kind: LineKind, reference: string): string | undefined {
  if (!isReferenceText(reference)) return undefined;
  switch (kind) {
    case 'docker':
    case 'podman':
      return `${kind} pull ${reference}`;
    case 'kubernetes':
    case 'compose':
      // A reference is a plain scalar in YAML: it has no space, no `#`, and nothing after a colon that ends it.
      return `image: ${reference}`;
    case 'dockerfile':
      return `FROM ${reference}`;
  }
}

export async function copyImageLine(kind: LineKind, reference: string): Promise<void> {
  const line = imageLine(kind, reference);
  if (line !== undefined) await copyLines([line]);
}

/** Copies the command that pulls an image. Copies nothing if `reference` is not valid. */
export async function copyPullCommand(reference: string): Promise<void> {
  await copyImageLine('docker', reference);
}

async function copyLines(lines: readonly string[]): Promise<void> {
  if (lines.length > 0) await vscode.env.clipboard.writeText(lines.join('\n'));
}
