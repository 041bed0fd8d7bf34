import { askSignIn } from '../connections/askSignIn.ts';
import { chooseForConnection } from '../connections/clientCertificate.ts';
import { consent } from '../connections/consent.ts';
import { trustCertificate } from '../connections/trustCertificate.ts';
import * as clipboard from '../display/clipboard.ts';
import { openInBrowser } from '../openInBrowser.ts';
import { reportFailure } from '../progress/reportFailure.ts';
import { noteRemedy } from '../views/registries/noteLabel.ts';
import type { RegistriesView } from '../views/registries/registriesView.ts';
import { nodePage, nodeReference, type RegistryNode } from '../views/registries/registryTree.ts';
import type { SignInDependencies } from './signIn.ts';

export async function copyRegistryReference(node: RegistryNode | undefined): Promise<void> {
  const reference = node && nodeReference(node);
  if (reference !== undefined) await clipboard.copyReferences([reference]);
}

export async function copyPullCommand(node: RegistryNode | undefined): Promise<void> {
  const reference = node && nodeReference(node);
  if (reference !== undefined) await clipboard.copyPullCommand(reference);
}

export async function openRegistryPage(node: RegistryNode | undefined): Promise<void> {
  const page = node && nodePage(node);
  if (page !== undefined) await openInBrowser(page);
}

/** Does what the note of a registry that could not be listed offers, and looks again. */
export async function reconnectRegistry(
  dependencies: SignInDependencies & { readonly registriesView: RegistriesView },
  node: RegistryNode | undefined,
): Promise<void> {
  if (node?.type !== 'note' || node.failure === undefined) return;
  const { auth, store, registriesView } = dependencies;
  const { connection, error } = node.failure;
  try {
    const { kind } = noteRemedy(error);
    if (kind === 'trustCertificate') await trustCertificate(auth, store, consent, connection);
    if (kind === 'chooseClientCertificate') await chooseForConnection(auth, store, consent, connection);
    if (kind === 'signIn') {
      const { webRoot, username, trust } = connection;
      await askSignIn(auth, store, { url: webRoot, username, trust, askCredential: true });
    }
    registriesView.update();
  } catch (failure) {
    void reportFailure(failure, { retry: () => reconnectRegistry(dependencies, node) });
  }
}
