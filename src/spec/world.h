// The tables of a running model: what the reference interpreter keeps in place of a database.
//
// A Schema says which columns each entity has; a Database holds the rows. Copies share tables and
// rows until one of them writes, so copying a Database is cheap (that is how a failed request
// leaves no trace). Copies are independent; copies that share may live on one thread only.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "spec/value.h"

namespace cadre::spec {

struct Column {
  std::string name;                     // attribute id or role
  const Attribute* attribute = nullptr;
  const Relation* relation = nullptr;
  int target = -1;                      // entity index of a reference
  int scale = 0;
  std::string json_name() const { return relation != nullptr ? name + "_id" : name; }
};

// What must be unique: column indexes, in the order in which they are checked.
struct UniqueKey {
  std::vector<std::size_t> columns;
};

struct EntityLayout {
  const Entity* entity = nullptr;
  std::vector<Column> columns;          // attributes in model order, then references
  std::vector<UniqueKey> unique;
  int find(std::string_view column) const;  // -1 when there is none
};

class Schema {
 public:
  // The model must outlive the schema.
  explicit Schema(const Spec& spec);

  const std::vector<EntityLayout>& entities() const { return entities_; }
  const EntityLayout& at(int entity) const { return entities_[static_cast<std::size_t>(entity)]; }
  int find(std::string_view entity) const;  // -1 when there is none

 private:
  void add_unique(const Spec& spec, EntityLayout& layout);

  std::vector<EntityLayout> entities_;
  std::map<std::string, int, std::less<>> by_id_;
};

struct Row {
  std::int64_t id = 0;       // 0: not stored yet
  std::vector<Value> cells;  // one per column; derived attributes stay null
};

class Table {
 public:
  const std::vector<std::shared_ptr<const Row>>& rows() const { return rows_; }
  const Row* find(std::int64_t id) const;
  std::int64_t next_id() const { return next_id_; }
  // Stores the row under the next id and returns it.
  std::int64_t insert(Row row);
  void replace(Row row);
  void erase(std::int64_t id);

 private:
  std::vector<std::shared_ptr<const Row>> rows_;  // ascending id
  std::int64_t next_id_ = 1;
};

class Database {
 public:
  explicit Database(const Schema& schema) {
    for (std::size_t i = 0; i < schema.entities().size(); ++i) {
      tables_.push_back(std::make_shared<Table>());
    }
  }

  const Table& table(int entity) const { return *tables_[static_cast<std::size_t>(entity)]; }
  // For writing. Ends the validity of references from table() to the same entity.
  Table& edit(int entity) {
    std::shared_ptr<Table>& table = tables_[static_cast<std::size_t>(entity)];
    if (table.use_count() > 1) table = std::make_shared<Table>(*table);
    return *table;
  }

 private:
  std::vector<std::shared_ptr<Table>> tables_;  // shared between copies until one writes
};

}  // namespace cadre::spec
