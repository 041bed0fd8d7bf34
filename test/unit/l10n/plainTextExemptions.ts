/** Texts of a file that are in no bundle, because no person reads them, or because every language has them as they are. */
export interface Exemption {
  /** A file, or a folder with its ending `/`. */
  readonly at: string;
  readonly texts: RegExp;
  readonly reason: string;
}

const anyText = /^/;

export const exemptions: readonly Exemption[] = [
  {
    at: 'src/core/relay/',
    texts: anyText,
    reason:
      'Answers of the relay to the container engine, in the words of the distribution API. The person’s text is that of the push.',
  },
  ...['src/core/gitea/checkSignIn.ts', 'src/core/gitea/explainLoginFailure.ts', 'src/core/registry/'].map((at) => ({
    at,
    texts: /^(?:Basic|Bearer|token) \{\}$/,
    reason: 'The HTTP header Authorization.',
  })),
  {
    at: 'src/core/docker/client/dockerPuller.ts',
    texts:
      /^(?:Pulling fs layer|Waiting|Downloading|Extracting|Verifying Checksum|Download complete|Pull complete|Already exists)$/,
    reason: 'States in the engine’s answer to a pull.',
  },
  {
    at: 'src/core/docker/endpoint/knownSockets.ts',
    texts: /^(?:abiosoft|lima-vm)\//,
    reason: 'Where the path of a socket is documented.',
  },
  { at: 'src/core/oci/toInstruction.ts', texts: /^RUN \{\}$/, reason: 'An instruction of a Dockerfile.' },
  {
    at: 'src/core/compress/encoder/workerPool.ts',
    texts: /^Tea Chest compression$/,
    reason: 'The name of a thread, for a debugger.',
  },
  {
    at: 'src/core/credentials/keyringLogin.ts',
    texts: /^gitea_(?:username|password)$/,
    reason: 'Names of attributes in the keyring.',
  },
  { at: 'src/core/credentials/teaLogins.ts', texts: /^(?:Library|Local)$/, reason: 'Names of folders.' },
  {
    at: 'src/host/connections/connectionStore.ts',
    texts: /^teaChest\.credential \{\}$/,
    reason: 'A key of VS Code’s secret storage.',
  },
  { at: 'src/host/display/clipboard.ts', texts: /^image: \{\}$/, reason: 'A line of a compose file.' },
  { at: 'src/host/pushPage/pageHtml.ts', texts: /^default-src /, reason: 'A content security policy.' },
  { at: 'src/host/connections/askAddress.ts', texts: /^https:/, reason: 'An example of an address.' },
  { at: 'src/host/push/askNameAndTag.ts', texts: /^(?:app|latest)$/, reason: 'Examples of an image’s name and tag.' },
  { at: 'src/host/automation/tasks/taskArguments.ts', texts: /^task$/, reason: 'The name of a property.' },
  { at: 'src/webview/pushPage/layerTable.ts', texts: /^name-text instruction$/, reason: 'Classes of an element.' },
];

/** The exemption that holds for a text, if one does. */
export function exemptionOf({ file, text }: { readonly file: string; readonly text: string }): Exemption | undefined {
  return exemptions.find(({ at, texts }) => (at.endsWith('/') ? file.startsWith(at) : file === at) && texts.test(text));
}
