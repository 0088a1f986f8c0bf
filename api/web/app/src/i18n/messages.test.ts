import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { catalogues, message } from "./messages";

const names = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1] ?? "").sort();

describe("the catalogue", () => {
  it("says everything in both languages, with the same values", () => {
    expect(Object.keys(catalogues.en)).toEqual(Object.keys(catalogues.vi));
    for (const [key, text] of Object.entries(catalogues.vi)) {
      expect(names(catalogues.en[key as keyof typeof catalogues.en]), key).toEqual(names(text));
    }
  });

  it("leaves nothing empty, writes composed letters, and does not shout", () => {
    for (const [lang, held] of Object.entries(catalogues)) {
      for (const [key, text] of Object.entries(held)) {
        expect(text.trim(), `${lang} ${key}`).not.toBe("");
        expect(text.normalize("NFC"), `${lang} ${key}`).toBe(text);
        expect(text, `${lang} ${key}`).not.toContain("!");
      }
    }
  });

  it("fills values and leaves unknown names alone", () => {
    expect(message("vi", "past.back", { span: "2 giờ" })).toBe("Cả thành phố lùi 2 giờ.");
    expect(message("vi", "past.back")).toBe("Cả thành phố lùi {span}.");
  });
});

describe("components", () => {
  const root = join(import.meta.dirname, "..");
  const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter(
    (name) => name.endsWith(".tsx") && !name.startsWith("i18n"),
  );
  const source = new Map(files.map((name) => [name, readFileSync(join(root, name), "utf8")]));

  it("hold no text of their own", () => {
    expect(files.length).toBeGreaterThan(10);
    for (const [name, text] of source) {
      const code = text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/\/\/.*$/gm, "");
      expect(/[À-ỹĐđ]/.exec(code)?.[0], `${name} holds Vietnamese`).toBeUndefined();
      const words = [...code.matchAll(/<(?!kbd)[a-z]\w*[^<>{}]*>([^<>{}]*[A-Za-z]{3,}[^<>{}]*)<\//g)].map(
        (m) => m[1],
      );
      expect(words, `${name} holds words`).toEqual([]);
    }
  });

  it("use every message, and no other", () => {
    const everything = [
      ...source.values(),
      ...readdirSync(root, { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts") && !name.startsWith("i18n"))
        .map((name) => readFileSync(join(root, name), "utf8")),
    ].join("\n");
    const unused = Object.keys(catalogues.vi).filter((key) => {
      const stem = key.slice(0, key.indexOf(".") + 1);
      return !everything.includes(`"${key}"`) && !everything.includes("`" + stem + "${");
    });
    expect(unused).toEqual([]);
  });
});
