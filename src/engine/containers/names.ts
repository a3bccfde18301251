import { randomInt } from 'node:crypto';

/** Rocks and what they may be like: Strata's own names for containers that were given none. */
const QUALITIES = [
  'ancient', 'banded', 'basal', 'bold', 'bright', 'broken', 'calm', 'clear', 'coarse', 'cold', 'coral', 'crystal', 'dark', 'deep', 'dense', 'dusty', 'early', 'eastern',
  'faint', 'fine', 'firm', 'folded', 'fossil', 'gentle', 'glassy', 'golden', 'grainy', 'green', 'hard', 'hidden', 'hollow', 'icy', 'jagged', 'late', 'layered', 'level',
  'light', 'lofty', 'lower', 'lucid', 'marine', 'massive', 'mellow', 'molten', 'mossy', 'mottled', 'narrow', 'native', 'northern', 'old', 'pale', 'patient', 'pebbly',
  'polished', 'porous', 'quiet', 'red', 'rippled', 'rough', 'rounded', 'sandy', 'sharp', 'silent', 'silty', 'silver', 'slow', 'smooth', 'soft', 'solid', 'southern',
  'steady', 'steep', 'still', 'striped', 'sunlit', 'tidal', 'tilted', 'upper', 'veined', 'vivid', 'warm', 'weathered', 'western', 'wide', 'wild', 'windy',
] as const;
const ROCKS = [
  'agate', 'alabaster', 'amber', 'amphibolite', 'andesite', 'anthracite', 'arkose', 'basalt', 'bauxite', 'beryl', 'breccia', 'calcite', 'chalk', 'chert', 'cinnabar', 'clay',
  'coal', 'cobalt', 'conglomerate', 'copper', 'coquina', 'corundum', 'dacite', 'diabase', 'diorite', 'dolerite', 'dolomite', 'dunite', 'eclogite', 'feldspar', 'flint',
  'fluorite', 'gabbro', 'galena', 'garnet', 'geode', 'gneiss', 'granite', 'graphite', 'gravel', 'greywacke', 'gypsum', 'halite', 'hematite', 'hornfels', 'ignimbrite', 'jade',
  'jasper', 'komatiite', 'lapis', 'lava', 'limestone', 'loess', 'magnetite', 'malachite', 'marble', 'marl', 'mica', 'mudstone', 'obsidian', 'olivine', 'onyx', 'opal',
  'pegmatite', 'peridotite', 'phyllite', 'porphyry', 'pumice', 'pyrite', 'quartz', 'quartzite', 'rhyolite', 'sandstone', 'schist', 'scoria', 'shale', 'siltstone', 'skarn',
  'slate', 'talc', 'tephra', 'till', 'topaz', 'tourmaline', 'travertine', 'tufa', 'tuff', 'turquoise', 'zeolite', 'zircon',
] as const;

/** A name that `isFree` accepts: `tilted_basalt`; after some bad luck with a number behind it. */
export function generateName(isFree: (name: string) => boolean): string {
  for (let attempt = 0; ; attempt += 1) {
    const plain = `${QUALITIES[randomInt(QUALITIES.length)] ?? ''}_${ROCKS[randomInt(ROCKS.length)] ?? ''}`;
    const name = attempt < 6 ? plain : plain + String(randomInt(10 ** Math.min(attempt - 5, 9)));
    if (isFree(name)) return name;
  }
}
