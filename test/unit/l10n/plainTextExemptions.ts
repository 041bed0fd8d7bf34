/** Texts of a file that are in no bundle, because no person reads them, or because every language has them as they are. */
export interface Exemption {
  /** A file, or a folder with its ending `/`. */
  readonly at: string;
  readonly texts: RegExp;
  readonly reason: string;
}

const anyText = /^/;

const keyReason = 'IDs of rows and keys of what is stored.';

function log(at: string): Exemption {
  return { at, texts: anyText, reason: 'For the log, or inside a text of the bundle that stands beside it.' };
}

function key(at: string): Exemption {
  return { at, texts: anyText, reason: keyReason };
}

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
    texts: anyText,
    reason: 'Where the path of a socket is documented, and names of products.',
  },
  {
    at: 'src/core/docker/client/receiveBody.ts',
    texts: /^GET \{\} HTTP/,
    reason: 'A request in the words of HTTP.',
  },
  ...['src/core/pull/', 'src/core/docker/images/listedImages.ts', 'src/core/push/readBackLayer.ts'].map(log),
  ...['src/core/registry/http/retry.ts', 'src/core/registry/upload/', 'src/core/registry/manifests/'].map(log),
  ...['src/core/compose/interpolate.ts', 'src/host/registry/registryAccess.ts', 'src/host/input/runSteps.ts'].map(log),
  ...['src/core/push/imageIndex.ts', 'src/core/push/rememberedImage.ts', 'src/core/push/record/recordPush.ts'].map(key),
  ...['src/host/views/pushes/pushNodes.ts', 'src/host/views/registries/registryTree.ts'].map(key),
  { at: 'src/host/views/images/imageTree.ts', texts: /^(?:tag|image|repository) \{\}$/, reason: keyReason },
  ...['src/core/credentials/environmentLogins.ts', 'src/core/credentials/keyringLogin.ts'].map((at) => ({
    at,
    texts: /^(?:environment variables$|keyring entry of the service )/,
    reason: 'Where a login was found, for the log.',
  })),
  { at: 'src/host/pushPage/recordPage.ts', texts: /^blob \{\}$/, reason: keyReason },
  ...['src/core/credentials/', 'src/core/idpbuilder/'].map((at) => ({
    at,
    texts: /^(?:git credential|docker-credential-|idpbuilder get|kubectl get|Application Support)/,
    reason: 'Command lines and names of folders.',
  })),
  ...['src/host/commands/registriesCopy.ts', 'src/host/display/clipboard.ts'].map((at) => ({
    at,
    texts: /^(?:FROM|docker pull|podman pull|\{\} pull) /,
    reason: 'Lines that are copied into other programs.',
  })),
  {
    at: 'src/host/connections/makeToken.ts',
    texts: /^Tea Chest on /,
    reason: 'The name of a token in Gitea, by which the extension finds it again.',
  },
  { at: 'src/core/oci/toInstruction.ts', texts: /^RUN \{\}$/, reason: 'An instruction of a Dockerfile.' },
  {
    at: 'src/core/compress/encoder/workerPool.ts',
    texts: /^Tea Chest compression$/,
    reason: 'The name of a thread, for a debugger.',
  },
  { at: 'src/core/credentials/teaLogins.ts', texts: /^(?:Library|Local)$/, reason: 'Names of folders.' },
  { at: 'src/host/display/clipboard.ts', texts: /^image: \{\}$/, reason: 'A line of a compose file.' },
  {
    at: 'src/host/pushPage/pageHtml.ts',
    texts: /^(?:default-src |<!DOCTYPE)/,
    reason: 'HTML and a content security policy.',
  },
  { at: 'src/host/connections/askAddress.ts', texts: /^https:/, reason: 'An example of an address.' },
  { at: 'src/host/push/askNameAndTag.ts', texts: /^(?:app|latest)$/, reason: 'Examples of an image’s name and tag.' },
  {
    at: 'src/host/automation/tools/pushImageTool.ts',
    texts: /^The person does not want/,
    reason: 'For a language model.',
  },
  { at: 'src/core/registry/http/proxy.ts', texts: /^Error$/, reason: 'The name of a class.' },
  { at: 'src/core/docker/client/engineErrors.ts', texts: /^silent for/, reason: 'An error for developers.' },
  { at: 'src/webview/pushPage/', texts: /^[a-z-]+ [a-z{}-]+$/, reason: 'Classes of an element.' },
];

/** The exemption that holds for a text, if one does. */
export function exemptionOf({ file, text }: { readonly file: string; readonly text: string }): Exemption | undefined {
  return exemptions.find(({ at, texts }) => (at.endsWith('/') ? file.startsWith(at) : file === at) && texts.test(text));
}
