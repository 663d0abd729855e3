// The file in which jobs leave the metrics that the daemon serves to Prometheus.
#pragma once

#include "base/config/store_config.h"
#include "base/file_system.h"

namespace backupd {

inline base::Path served_metrics_file(const base::StoreConfig& store) {
  return store.index / "metrics.prom";
}

}  // namespace backupd
