import * as vscode from 'vscode';
import { openInBrowser } from '../openInBrowser.ts';
import { nodePage, nodeReference, type RegistryNode } from '../views/registries/registryTree.ts';

export async function copyRegistryReference(node: RegistryNode | undefined): Promise<void> {
  const reference = node && nodeReference(node);
  if (reference !== undefined) await vscode.env.clipboard.writeText(reference);
}

export async function copyPullCommand(node: RegistryNode | undefined): Promise<void> {
  const reference = node && nodeReference(node);
  if (reference !== undefined) await vscode.env.clipboard.writeText(`docker pull ${reference}`);
}

export async function openRegistryPage(node: RegistryNode | undefined): Promise<void> {
  const page = node && nodePage(node);
  if (page !== undefined) await openInBrowser(page);
}
