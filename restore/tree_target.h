// A new tree as the target of a restore, with its record.
#pragma once

#include <string>
#include <vector>

#include "restore/restore_target.h"
#include "restore/tree_builder.h"
#include "store/tree_record.h"

namespace restore {

class TreeTarget : public RestoreTarget {
 public:
  // All must outlive it. `levels`: the raw names of the plan's folders, parents before children.
  TreeTarget(TreeBuilder& builder, store::TreeRecords& records, store::TreeRecord& record,
             const std::vector<std::string>& levels)
      : builder_(builder), records_(records), record_(record), levels_(levels) {}

  std::string refusal(const std::string& raw_name) const override {
    return builder_.refusal(raw_name);
  }
  store::TreeLevel* level(const std::string& raw_name) override { return record_.level(raw_name); }
  // After a crash, a folder whose record is missing is as one that was being filled: a resumed run
  // recognises its messages by content, and a sweep rescues them before it deletes them.
  void record() override { records_.put_if_due(record_); }
  void check_again() override {
    builder_.reconcile();
    builder_.create(levels_);
  }

 private:
  TreeBuilder& builder_;
  store::TreeRecords& records_;
  store::TreeRecord& record_;
  const std::vector<std::string>& levels_;
};

}  // namespace restore
