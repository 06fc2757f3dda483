// What Grafana takes for a dashboard: its own types, with the kinds of panels and queries that ours use.
import type { Dashboard, DataQuery, FieldConfigSource, Panel, RowPanel } from "@grafana/schema";
import type * as Stat from "@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen";
import type * as States from "@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen";
import type * as Table from "@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen";
import type * as TimeSeries from "@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen";

// JSON has the words of an enum, and TypeScript only takes its names.
type Written<T> = T extends string ? `${T}` : T extends object ? { [K in keyof T]: Written<T[K]> } : T;

// These two bring no types of their own: what follows is CHSqlQuery of ClickHouse's plugin, and PromQuery.
interface ClickHouseQuery extends DataQuery {
  pluginVersion: string;
  editorType: "sql";
  queryType: "table" | "timeseries";
  format: 0 | 1;
  rawSql: string;
}

interface PrometheusQuery extends DataQuery {
  expr: string;
  legendFormat: string;
  range: boolean;
  instant: boolean;
}

interface PanelOf<Kind extends string, Options, Custom>
  extends Omit<Panel, "type" | "options" | "fieldConfig" | "targets"> {
  id: number;
  type: Kind;
  title: string;
  options: Options;
  fieldConfig: Omit<FieldConfigSource, "defaults"> & {
    defaults: Omit<FieldConfigSource["defaults"], "custom"> & { custom?: Custom };
  };
  targets: Array<ClickHouseQuery> | Array<PrometheusQuery>;
}

type AnyPanel =
  | RowPanel
  | PanelOf<"stat", Stat.Options, never>
  | PanelOf<"table", Table.Options, Table.FieldConfig>
  | PanelOf<"timeseries", TimeSeries.Options, TimeSeries.FieldConfig>
  | PanelOf<"state-timeline", States.Options, States.FieldConfig>;

interface Ours extends Omit<Dashboard, "panels"> {
  uid: string;
  title: string;
  panels: Array<AnyPanel>;
}

export type GrafanaDashboard = Written<Ours>;
