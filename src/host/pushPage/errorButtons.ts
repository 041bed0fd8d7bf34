import * as l10n from '@vscode/l10n';
import type { PageButton } from '../../webview/pushPage/protocol.ts';

/** Shows the error as a message, with what helps against it as buttons and a link to its entry in the troubleshooting page. */
export const showErrorButton: PageButton = {
  ...{ id: 'showError', label: l10n.t('Show Error and Help'), isPrimary: false },
};

export const showLogButton: PageButton = { id: 'showLog', label: l10n.t('Show Log'), isPrimary: false };
