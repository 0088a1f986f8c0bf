/** The map itself, kept apart from the page: loaded after it, told what to draw, tells what was clicked. */

import {
  Map as MapLibre,
  setWorkerUrl,
  type GeoJSONSource,
  type MapMouseEvent,
  type RasterTileSource,
  type StyleSpecification,
  type VectorTileSource,
} from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import "maplibre-gl/dist/maplibre-gl.css";
import type { Feature, Geometry } from "geojson";
import { layerItems, type Moment } from "../api/client";
import { BASE, roleHeaders } from "../api/http";
import type { Box, Datastream, LayerInfo } from "../api/types";
import type { Theme } from "../state/preferences";
import { CHOSEN, VIEWS, compose, sources } from "./compose";
import { fontFaces } from "./fonts";
import { pictureOf } from "./images";
import { MOST_NAMED, namePoints, namedWhole, namesSource } from "./names";
import { fieldOfView, looks } from "./sector";
import { paintingOrder } from "./style";
import { tileMoment, type Changes } from "./tiles";

setWorkerUrl(new URL(workerUrl, BASE).href);

export interface Scene {
  layers: readonly LayerInfo[];
  moment: Moment;
  changes: Changes;
  theme: Theme;
}

export interface Start {
  container: HTMLElement;
  bounds: Box | null;
  camera: { zoom: number; lat: number; lon: number } | null;
  reducedMotion: boolean;
  title: string;
  onClick: (
    lon: number,
    lat: number,
    metres: number,
    prefer: { layer: string; fid: string } | undefined,
  ) => void;
  onMove: (zoom: number, lat: number, lon: number, bearing: number) => void;
  onProblem: (layer: string | null) => void;
  onSettled: (idle: boolean) => void;
}

/** What a fingertip or a mouse may miss by. [px] */
const FINGER_PX = 22;
const MOUSE_PX = 8;
const EVENT_BEHIND_PX = 4;
const AROUND_SYMBOL_M = 5;
/** A click from afar must not ask for half the city. [m] */
const LONGEST_REACH_M = 400;
const SHORTEST_REACH_M = 1.5;
/** From this zoom on, every camera's field of view is drawn. */
const VIEWS_FROM_ZOOM = 17.2;

export class Engine {
  readonly map: MapLibre;
  private scene: Scene | null = null;
  private ready = false;
  private readonly named = new Map<string, string>();
  private readonly states = new Map<string, string>();
  private streams: readonly (Datastream & { silence: string })[] = [];
  private chosen: Geometry | null = null;
  private chosenView: Feature | null = null;
  private readonly touch = matchMedia("(pointer: coarse)").matches;

  constructor(private readonly start: Start) {
    const { bounds, camera } = start;
    this.map = new MapLibre({
      container: start.container,
      style: { version: 8, "font-faces": fontFaces(), sources: {}, layers: [] },
      attributionControl: false,
      locale: { "Map.Title": start.title },
      maxZoom: 22,
      minZoom: 3,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      fadeDuration: start.reducedMotion ? 0 : 120,
      canvasContextAttributes: { preserveDrawingBuffer: true },
      transformRequest: (url) => ({ url, headers: roleHeaders() }),
      ...(camera ? { center: [camera.lon, camera.lat], zoom: camera.zoom } : {}),
      ...(!camera && bounds ? { bounds, fitBoundsOptions: { padding: 24 } } : {}),
    });
    this.map.touchZoomRotate.disableRotation();
    this.map.setMissingStyleImageResolver((id) => this.addPicture(id));
    this.map.once("style.load", () => {
      this.ready = true;
      if (this.scene) this.draw(this.scene);
    });
    this.map.on("click", (event) => this.clicked(event));
    this.map.on("mousemove", (event) => this.hovered(event));
    this.map.on("move", () => this.moved());
    this.map.on("idle", () => this.settled());
    this.map.on("movestart", () => start.onSettled(false));
    this.map.on("error", (event) => this.failed(event as unknown as { sourceId?: string; error?: Error }));
    // For the console and for tests: the map as the page sees it.
    Object.assign(start.container, { twinMap: this.map });
    this.moved();
  }

  /** Draws a scene, changing only what differs from the one before. */
  draw(scene: Scene): void {
    this.scene = scene;
    if (!this.ready) return;
    this.start.onSettled(false);
    const context = { theme: scene.theme, latitude: this.map.getCenter().lat };
    const tiles = sources(scene.layers, scene.moment, scene.changes, context);
    for (const [name, spec] of Object.entries(tiles))
      this.redirect(name, (spec as { tiles?: string[] }).tiles ?? []);
    const style = compose(scene.layers, tiles, context);
    this.keepData(style);
    this.map.setStyle(style, { diff: true });
    // A source that left the map comes back empty.
    for (const name of this.named.keys()) if (!(name in tiles)) this.named.delete(name);
    this.paintResults();
    this.paintChosen();
    for (const layer of scene.layers.filter(namedWhole)) void this.placeNames(layer, scene);
  }

  /** Reads the areas of a layer whose names stand once each; again when they changed. */
  private async placeNames(layer: LayerInfo, scene: Scene): Promise<void> {
    const moment = tileMoment(layer, scene.moment, scene.changes);
    const key = JSON.stringify([moment, layer.revision, roleHeaders()]);
    if (this.named.get(layer.name) === key) return;
    this.named.set(layer.name, key);
    const areas = await layerItems(layer.name, moment, MOST_NAMED).catch(() => null);
    if (this.named.get(layer.name) !== key) return;
    if (areas === null) this.named.delete(layer.name);
    else await this.map.getSource<GeoJSONSource>(namesSource(layer))?.setData(namePoints(areas));
  }

  /** Points a source that exists to other tiles; the old ones stay until the new ones are there. */
  private redirect(name: string, tiles: string[]): void {
    const source = this.map.getSource<VectorTileSource | RasterTileSource>(name);
    // A source just added has no tiles yet.
    const held = source?.tiles;
    if (source && held?.join() !== tiles.join()) source.setTiles(tiles);
  }

  /** What is outlined stays outlined when the style changes. */
  private keepData(style: StyleSpecification): void {
    for (const [name, spec] of Object.entries(style.sources)) {
      const source = spec.type === "geojson" ? this.map.getSource<GeoJSONSource>(name) : undefined;
      if (source && spec.type === "geojson") spec.data = source.serialize().data;
    }
  }

  /** Asks again for the tiles of layers that changed. */
  refresh(names: ReadonlySet<string>): void {
    for (const layer of this.scene?.layers ?? []) {
      if ((names.has(layer.name) || names.has("*")) && this.map.getSource(layer.name))
        this.map.refreshTiles(layer.name);
    }
  }

  /** Puts the newest results on the features of layers drawn by them. */
  showResults(streams: readonly (Datastream & { silence: string })[]): void {
    this.streams = streams;
    this.paintResults();
  }

  private paintResults(): void {
    for (const layer of this.scene?.layers ?? []) {
      const live = layer.style.live;
      if (!live || !this.ready || !this.map.getSource(layer.name)) continue;
      for (const stream of this.streams) {
        if (stream.layer !== layer.name || (live.key && stream.key !== live.key)) continue;
        const next = { value: stream.result, fresh: stream.silence };
        const key = `${layer.name}/${stream.uid}`;
        const text = JSON.stringify(next);
        if (this.states.get(key) === text) continue;
        this.states.set(key, text);
        this.map.setFeatureState({ source: layer.name, sourceLayer: layer.name, id: stream.uid }, next);
      }
    }
  }

  /** Outlines a feature, and draws what it sees if it is a camera. */
  choose(geometry: Geometry | null, view: Feature | null): void {
    this.chosenView = view && { ...view, properties: { chosen: true } };
    this.chosen = geometry;
    this.paintChosen();
  }

  private paintChosen(): void {
    const geometry = this.chosen;
    const features: Feature[] = geometry === null ? [] : [{ type: "Feature", properties: {}, geometry }];
    void this.map.getSource<GeoJSONSource>(CHOSEN)?.setData({ type: "FeatureCollection", features });
    this.drawViews();
  }

  fly(target: { bbox: Box | null; lon: number | null; lat: number | null }, zoom = 17): void {
    const animate = !this.start.reducedMotion;
    const { bbox, lon, lat } = target;
    const wide = bbox !== null && (bbox[2] - bbox[0] > 1e-6 || bbox[3] - bbox[1] > 1e-6);
    if (wide) this.map.fitBounds(bbox, { padding: 60, maxZoom: 18, animate, duration: 700 });
    else if (lon !== null && lat !== null) {
      const near = Math.max(this.map.getZoom(), zoom);
      if (animate) this.map.flyTo({ center: [lon, lat], zoom: near, duration: 900 });
      else this.map.jumpTo({ center: [lon, lat], zoom: near });
    }
  }

  zoomBy(steps: number): void {
    this.map.zoomTo(this.map.getZoom() + steps, { animate: !this.start.reducedMotion, duration: 180 });
  }

  remove(): void {
    this.map.remove();
  }

  // -- events ---------------------------------------------------------------------------------------------------

  private reach(): number {
    return this.touch ? FINGER_PX : MOUSE_PX;
  }

  /** Metres on the ground under one pixel at the middle of the map. */
  metresPerPixel(): number {
    const { lat } = this.map.getCenter();
    return (40_075_016.686 * Math.cos((lat * Math.PI) / 180)) / (512 * 2 ** this.map.getZoom());
  }

  private clicked(event: MapMouseEvent): void {
    const metres = Math.min(
      LONGEST_REACH_M,
      Math.max(SHORTEST_REACH_M, this.reach() * this.metresPerPixel()),
    );
    const found = this.pointNear(event);
    const [lon, lat] = found?.place ?? [event.lngLat.lng, event.lngLat.lat];
    // A symbol that was pointed at is asked about where it stands, not all around it.
    this.start.onClick(lon, lat, found ? Math.min(metres, AROUND_SYMBOL_M) : metres, found?.feature);
  }

  /** Selects what lies under the middle of the map, for people without a pointer. */
  clickMiddle(): void {
    const { lng, lat } = this.map.getCenter();
    this.start.onClick(lng, lat, Math.max(SHORTEST_REACH_M, MOUSE_PX * this.metresPerPixel()), undefined);
  }

  /** The point symbol nearest to a click, within reach. */
  private pointNear({
    point,
  }: MapMouseEvent): { place: [number, number]; feature: { layer: string; fid: string } } | null {
    const ids = this.pointLayerIds();
    if (ids.length === 0) return null;
    const r = this.reach();
    const found = this.map.queryRenderedFeatures(
      [
        [point.x - r, point.y - r],
        [point.x + r, point.y + r],
      ],
      { layers: ids },
    );
    let best: { place: [number, number]; feature: { layer: string; fid: string } } | null = null;
    let nearest = Infinity;
    for (const feature of found) {
      const fid = feature.properties.fid as unknown;
      if (feature.geometry.type !== "Point" || typeof fid !== "string") continue;
      const place = feature.geometry.coordinates as [number, number];
      const at = this.map.project(place);
      // An event lies on what saw it; that is what was pointed at.
      const isEvent = this.scene?.layers.find((layer) => layer.name === feature.source)?.kind === "event";
      const distance = Math.hypot(at.x - point.x, at.y - point.y) + (isEvent ? EVENT_BEHIND_PX : 0);
      if (distance < nearest) {
        nearest = distance;
        best = { place, feature: { layer: feature.source, fid } };
      }
    }
    return best;
  }

  private pointLayerIds(): string[] {
    return (this.scene?.layers ?? [])
      .filter((layer) => layer.style.point && layer.group !== "base" && layer.group !== "national")
      .map((layer) => `${layer.name}/point`)
      .filter((id) => this.map.getLayer(id) !== undefined);
  }

  private hovered(event: MapMouseEvent): void {
    this.map.getCanvas().style.cursor = this.pointNear(event) ? "pointer" : "";
  }

  private moved(): void {
    const { lng, lat } = this.map.getCenter();
    this.start.onMove(this.map.getZoom(), lat, lng, this.map.getBearing());
  }

  private settled(): void {
    this.drawViews();
    this.start.onSettled(true);
  }

  private failed(event: { sourceId?: string; error?: Error }): void {
    if (event.error?.name === "AbortError") return;
    this.start.onProblem(event.sourceId ?? null);
  }

  private addPicture(id: string): void {
    const picture = this.map.hasImage(id) ? null : pictureOf(id);
    if (picture) this.map.addImage(id, picture.image, { pixelRatio: picture.pixelRatio, sdf: picture.sdf });
  }

  // -- fields of view ---------------------------------------------------------------------------------------------

  private drawn = "";

  private drawViews(): void {
    const source = this.map.getSource<GeoJSONSource>(VIEWS);
    if (!source) return;
    const features = [...(this.map.getZoom() >= VIEWS_FROM_ZOOM ? this.viewsInSight() : [])];
    if (this.chosenView) features.push(this.chosenView);
    const text = JSON.stringify(features);
    if (text === this.drawn) return;
    this.drawn = text;
    void source.setData({ type: "FeatureCollection", features });
  }

  private *viewsInSight(): Generator<Feature> {
    const seen = new Set<string>();
    for (const layer of paintingOrder(this.scene?.layers ?? [])) {
      const style = layer.style.point;
      const id = `${layer.name}/point`;
      if (!looks(style) || !this.map.getLayer(id)) continue;
      for (const feature of this.map.queryRenderedFeatures({ layers: [id] })) {
        const fid = `${layer.name}/${String(feature.properties.fid)}`;
        if (feature.geometry.type !== "Point" || seen.has(fid)) continue;
        seen.add(fid);
        const view = fieldOfView(style, feature.properties, feature.geometry.coordinates as [number, number]);
        if (view) yield view;
      }
    }
  }
}
