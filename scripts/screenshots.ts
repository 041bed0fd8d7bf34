// npm run screenshots: takes pictures of a real VS Code with a real engine and the tests' Gitea, in four themes.
// All of them go to test-results/screenshots, those of docs/ to docs/screenshots, and the recorded push of the README to
// media/screenshots. For someone to look at before committing them; no test depends on them.
// With arguments only those: parts (sign-in, images, push, registry, failures, record) and themes (dark, light, hc-dark, hc-light).
import { createCloser } from '../test/tools/closer.ts';
import { provision } from '../test/tools/provision.ts';
import { step } from '../test/tools/step.ts';
import { takeFailures } from './screenshots/failurePictures.ts';
import { takeImages } from './screenshots/imagePictures.ts';
import { allThemes } from './screenshots/pictures.ts';
import { takePush } from './screenshots/pushPictures.ts';
import { recordPush } from './screenshots/recordPush.ts';
import { takeRegistry } from './screenshots/registryPictures.ts';
import { takeSignIn } from './screenshots/signInPictures.ts';
import { startServices } from './screenshots/startServices.ts';

const parts = {
  'sign-in': takeSignIn,
  images: takeImages,
  push: takePush,
  registry: takeRegistry,
  failures: takeFailures,
  record: recordPush,
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in parts) && !allThemes.some((theme) => theme === name));
if (unknown.length > 0) throw new Error(`There is no part or theme “${unknown.join('”, “')}”.`);
const themes = allThemes.filter((theme) => wanted.includes(theme));
const chosen = Object.entries(parts).filter(([name]) => wanted.includes(name));

await provision(['engine', 'browser', 'vscodeServer']);
for (const [name, take] of chosen.length === 0 ? Object.entries(parts) : chosen) {
  const closer = createCloser();
  try {
    const services = await step('Starting an engine and a Gitea', () => startServices(closer));
    await step(`Taking pictures: ${name}`, () => take(services, themes.length === 0 ? allThemes : themes));
  } finally {
    await closer.close();
  }
}
