import { describe, test } from "vitest";
import { run } from "./story";
import { STORIES } from "./stories/index";

for (const [about, scripts] of Object.entries(STORIES))
  describe(about, () => {
    for (const script of scripts) test(script.name, () => run(script));
  });
